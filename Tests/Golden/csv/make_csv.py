"""What Python's csv module and pandas read of odd texts: every third one drawn by letters, the others by fields.

python3 make_csv.py
"""
import csv
import io
import json
import pathlib
import random

import pandas

random.seed(20)
texts = ["", "a", "a,b\n", "\ufeffa,b\r\n1,2\r\n", '"a""b",c', 'a"b"c,d', '"a"b"c",d', '"a\nb",c\n', '"a\r\nb",c\r\n', '"open', 'x\n"open,\n', "\n\n\na\n\n", ",\n", '""\n', ' "a", b ', "é,日本\n", "a\rb\rc"]
for number in range(300):
    length = random.randrange(1, 16)
    texts.append("".join(random.choice('aé,"\n\r ') for _ in range(length)) if number % 3 == 0 else
                 "".join(random.choice(['a', '"b"', '"c,d"', '"e""f"', '"g\nh"', '', 'i"j']) + random.choice([",", ",", "\n", "\r\n"]) for _ in range(length)))


def refused(text):
    """Whether the text ends within quotes: pandas refuses that, the csv module does not."""
    try:
        pandas.read_csv(io.StringIO(text, newline=""), header=None, names=range(100), engine="c", dtype=str, keep_default_na=False)
        return False
    except pandas.errors.ParserError as error:
        assert "EOF inside string" in str(error), error
        return True
    except pandas.errors.EmptyDataError:
        return False


cases = []
for text in texts:
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if row]
    cases.append({"text": text, "rows": None if refused(text) else rows})
pathlib.Path("csv.json").write_text(json.dumps(cases) + "\n")
