"""Small pictures for the report's tests: swatch.png of 16 x 16 pixels, written with Pillow.

python3 make_picture.py
"""
from PIL import Image

picture = Image.new("RGB", (16, 16))
picture.putdata([(x * 16, y * 16, 255 - x * 8) if (x - 8) ** 2 + (y - 8) ** 2 < 40 else (232, 232, 228) for y in range(16) for x in range(16)])
picture.save("swatch.png", optimize=True)
