"""Files that people have: workbooks, encodings, pipes, archives, and where in them an error is."""

from __future__ import annotations

import io
import os
import sys
import threading
from types import SimpleNamespace
from zipfile import ZipFile

import pandas as pd
import pytest

from forecast_tables import long_of, panel_of, rows, sales

TABLE = "date,Größe,sales\n" + "".join(f"2024-01-{i + 1:02d},x,{i}\n" for i in range(30))


def values(source, **options):
    return rows(source, **options)["y"].tolist()


@pytest.mark.parametrize(("kind", "engine"), [("xlsx", "openpyxl"), ("ods", "odf")])
def test_a_workbook(kind, engine, tmp_path, monkeypatch):
    pytest.importorskip(engine)
    path = tmp_path / f"sales.{kind}"
    with pd.ExcelWriter(str(path)) as book:
        pd.DataFrame().to_excel(book, sheet_name="empty")
        sales().to_excel(book, sheet_name="2024", index=False, startrow=2, startcol=1)
    assert values(path) == list(range(30))
    assert panel_of(path).series[0].ds[0] == pd.Timestamp("2024-01-01")
    with pd.ExcelWriter(str(path)) as book:
        sales().to_excel(book, sheet_name="2023", index=False)
        wrong = sales().astype({"sales": object})
        wrong.loc[3, "sales"] = "a few"
        wrong.to_excel(book, sheet_name="2024", index=False)
    with pytest.raises(ValueError, match=r"expected one sheet, .*--sheet .*: 2023, 2024"):
        long_of(path)
    with pytest.raises(ValueError, match="expected one sheet"):
        long_of(path, sheet="2025")
    assert values(path, sheet="2023") == list(range(30))
    with pytest.raises(ValueError, match="'a few' in row 5 is not a finite number"):
        long_of(path, sheet="2024")
    with monkeypatch.context() as context:
        context.setitem(sys.modules, engine, None)
        with pytest.raises(ValueError, match=r"pip install \w+ or 'fusedrnn\[tables\]'"):
            long_of(path)
    path.write_bytes(b"no workbook")
    with pytest.raises(ValueError, match=f"not a .{kind} table"):
        long_of(path)


def test_texts_and_gaps_in_a_workbook_are_those_of_a_file(tmp_path):
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame({"date": ["1.2.2024", "2.2.2024", "13.2.2024"], "sales": [1, None, "2 €"]})
    frame.to_excel(tmp_path / "sales.xlsx", index=False)
    assert values(tmp_path / "sales.xlsx")[::2] == [1, 2]
    (tmp_path / "sales.xls").touch()
    with pytest.raises(ValueError, match="save it as xlsx"):
        long_of(tmp_path / "sales.xls")


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("utf-16-le", "the file is read as UTF-16-LE"),
        ("utf-16-be", "the file is read as UTF-16-BE"),
        ("cp1252", "the file is not UTF-8 and is read as Windows-1252 (--encoding names another)"),
        ("latin-1", "the file is not UTF-8 and is read as Windows-1252 (--encoding names another)"),
    ],
)
def test_an_encoding_is_found_and_told(encoding, note, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(TABLE.encode(encoding))
    panel = panel_of(path)
    assert panel.series[0].y.tolist() == list(range(30))
    assert [n for n in panel.notes if "file" in n] == ([] if note is None else [note])
    with pytest.raises(ValueError, match="the table has: date, Größe, sales"):
        long_of(path, target="none")


def test_an_encoding_that_is_named(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(TABLE.replace("sales", "prodané_řady").encode("cp1250"))
    assert values(path, encoding="cp1250", target="prodané_řady") == list(range(30))
    with pytest.raises(ValueError, match="encoding is 'cp9999'"):
        long_of(path, encoding="cp9999")
    with pytest.raises(ValueError, match="not a CSV table: 'utf-8' codec can't decode"):
        long_of(path, encoding="utf-8")
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(ValueError, match="not a CSV table: it has bytes that no text has"):
        long_of(path)


def packed(kind):
    file = io.BytesIO()
    if kind == "csv":
        return TABLE.encode()
    if kind == "xlsx":
        pytest.importorskip("openpyxl")
        sales().to_excel(file, index=False)
    elif kind == "parquet":
        pytest.importorskip("pyarrow")
        sales().to_parquet(file)
    elif kind == "ods":
        pytest.importorskip("odf")
        sales().to_excel(file, index=False, engine="odf")
    elif kind == "zip":
        with ZipFile(file, "w") as archive:
            archive.writestr("sales.csv", TABLE)
    else:
        sales().to_csv(file, index=False, compression="gzip")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "gzip", "zip", "xlsx", "ods", "parquet"])
def test_a_pipe_and_the_standard_input(kind, tmp_path, monkeypatch):
    content = packed(kind)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert values("-") == list(range(30))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()
    assert values(pipe) == list(range(30))
    writer.join()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"day,sales\n1,2\n")))
    with pytest.raises(ValueError, match=r"^-: no date column"):
        panel_of("-")


def test_a_zip_made_on_a_mac_and_one_with_two_tables(tmp_path):
    path = tmp_path / "sales.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("shop/", "")
        archive.writestr("shop/sales.csv", TABLE)
        archive.writestr("__MACOSX/shop/._sales.csv", b"\0\1")
        archive.writestr("shop/.DS_Store", b"\0\1")
    assert values(path) == list(range(30))
    with ZipFile(path, "a") as archive:
        archive.writestr("shop/other.csv", "date,sales\n2024-01-01,7\n")
    with pytest.raises(ValueError, match=r"one file, .*--sheet .*: shop/sales.csv, shop/other.csv"):
        long_of(path)
    assert values(path, sheet="shop/other.csv") == [7]


def test_blanks_in_a_header_are_none(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(" Date , Sales \n2024-01-01,1\n2024-01-02,2\n")
    assert values(path) == [1, 2]
    assert values(path, date="Date", target="Sales") == [1, 2]
    frame = sales().rename(columns={"date": " date", "sales": "sold "})
    assert values(frame, target="sold") == list(range(30))
    assert set(rows(frame, wide=True)["unique_id"]) == {"sold"}


@pytest.mark.parametrize("header", ["date,a,a", "date,a, a", "date,a,b,b"])
def test_two_columns_of_one_name_are_refused_in_a_wide_table(header, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(f"{header}\n2024-01-01,1,2{',3' * (header.count(',') - 2)}\n")
    with pytest.raises(ValueError, match=r"column '[ab]' is there more than once"):
        long_of(path, wide=True)
    with pytest.raises(ValueError, match=r"column '[ab]' is there more than once"):
        long_of(pd.read_csv(path, header=None, skiprows=1).set_axis(header.split(","), axis=1),
                wide=True)  # fmt: skip


def test_two_columns_that_may_be_the_sales_are_not_guessed():
    with pytest.raises(ValueError, match=r"'y' and 'sales' may both be the target: .*--target"):
        long_of(sales().assign(y=1.0))
    with pytest.raises(ValueError, match=r"'ds' and 'date' may both be the date: .*--date"):
        long_of(sales().assign(ds=1.0))
    assert values(sales().assign(y=1.0), target="sales")[-1] == 29


def test_a_line_is_the_one_that_an_editor_shows(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text('\ndate,note,sales\n2024-01-01,"a\nb",1\n\n2024-01-02,c,?\n2024-01-03,d,\n')
    with pytest.raises(ValueError, match=r"'\?' in line 6 is not a finite number"):
        long_of(path)
    path.write_text("date,sales\n2024-01-01,1\n   \n,2\n")
    with pytest.raises(ValueError, match="no date in line 4"):
        long_of(path)
    path.write_text("date,sales\r\n2024-01-01,1\r\nsoon,2\r\n")
    with pytest.raises(ValueError, match="'soon' in line 3 is not a date"):
        long_of(path)
