"""A realistic desktop for measuring: wallpaper like a photograph, windows full of small text, a table, a picture."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

_WORDS = ["report", "printer", "invoice", "meeting", "quarter", "customer", "the", "of", "network", "shared", "folder"]
_INK = [(30, 30, 30), (80, 80, 90), (0, 90, 180), (160, 30, 40), (20, 120, 60)]


def office(width: int = 3840, height: int = 2160, seed: int = 7) -> Image.Image:
    """The picture; the same for the same seed."""
    chance = random.Random(seed)
    image = _photo(chance, width, height)
    for number in range(4):
        left = 120 + number * width // 5
        top = 100 + (number % 2) * height // 9
        _window(image, chance, (left, top, left + width * 2 // 5, top + height * 3 // 5))
    ImageDraw.Draw(image).rectangle((0, height - 64, width, height), fill=(32, 36, 44))
    return image


def _photo(chance: random.Random, width: int, height: int) -> Image.Image:
    """Smooth colour over fine grain, as a camera gives it."""
    coarse = Image.frombytes("RGB", (16, 9), chance.randbytes(16 * 9 * 3)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    small = (width // 2, height // 2)
    grain = Image.frombytes("RGB", small, chance.randbytes(small[0] * small[1] * 3))
    grain = grain.filter(ImageFilter.GaussianBlur(1.5)).resize((width, height), Image.Resampling.BILINEAR)
    return Image.blend(coarse, grain, 0.06)


def _window(image: Image.Image, chance: random.Random, box: tuple[int, int, int, int]) -> None:
    draw = ImageDraw.Draw(image)
    font, bold = ImageFont.load_default(18), ImageFont.load_default(24)
    left, top, right, bottom = box
    draw.rectangle(box, fill=(252, 252, 253), outline=(150, 155, 165))
    for y in range(top, top + 48):
        draw.line((left, y, right, y), fill=(230 - (y - top) // 3, 234 - (y - top) // 3, 240))
    draw.text((left + 24, top + 10), " ".join(chance.choices(_WORDS, k=4)), fill=(20, 20, 30), font=bold)
    for y in range(top + 72, bottom - 260, 28):
        ink = _INK[0] if chance.random() < 0.7 else chance.choice(_INK)
        line = " ".join(chance.choices(_WORDS, k=18))
        draw.text((left + 24, y), line, fill=ink, font=font)
    for row in range(6):
        for column in range(8):
            cell = (left + 24 + column * 150, bottom - 240 + row * 34)
            draw.rectangle((*cell, cell[0] + 150, cell[1] + 34), outline=(205, 210, 218))
            draw.text((cell[0] + 8, cell[1] + 6), f"{chance.random() * 9999:.2f}", fill=_INK[1], font=font)
    picture = _photo(chance, 480, 220)
    image.paste(picture, (right - 500, bottom - 240))
