"""Columns that texts take in a terminal, by the package wcwidth (0.2.13 or later).

python3 make_width.py > width.json
"""
import json
import wcwidth

texts = [
    "", "plain", "na\u00efve", "e\u0301", "\u65e5\u672c\u8a9e", "\uff21\uff22", "\uac00\ub098", "\U0001F600", "\u2764\ufe0f", "a\u200bb",
    "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F1E9\U0001F1EA", "\u00b1", "\u2014", "\u2026", "\u0e01\u0e33", "\u1100\u1161\u11a8",
    "mixed \u65e5 and \U0001F44D\U0001F3FD", "\u3042\u3044", "\u2500", "\u5bbd\u5b57\u7b26 caf\u00e9",
]
print(json.dumps([[text, wcwidth.wcswidth(text)] for text in texts], indent=1))
