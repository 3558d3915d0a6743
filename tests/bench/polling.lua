-- Clients that ask for news, each with a credential of its own in turn: wrk -s polling.lua URL -- BEARERS ETAG
-- Prints one line of JSON at the end.

local requests = {}
local turn = 0

function init(arguments)
  for bearer in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", "/api/v1/desk", {
      ["Host"] = "x",
      ["Authorization"] = "Bearer " .. bearer,
      ["If-None-Match"] = arguments[2],
    })
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"per_second": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "wrong": %d}\n',
    summary.requests / (summary.duration / 1000000),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
