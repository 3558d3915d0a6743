"""Client and server as one machine under random faults and fake time, beside a model of what was promised."""
