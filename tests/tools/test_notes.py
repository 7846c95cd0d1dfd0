import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit import ModelRetry, ToolFailed
from agentkit_tools import Notes

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(lambda text: text.strip())


@pytest.fixture(params=["memory", "file"])
def notes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Notes]:
    with Notes(":memory:" if request.param == "memory" else tmp_path / "notes.db") as opened:
        yield opened


def test_save_list_find(notes: Notes) -> None:
    assert notes.list_notes() == []
    assert notes.add_note("Dentist on Tuesday at 5") == "Saved note 1."
    assert notes.add_note("Buy milk and bread") == "Saved note 2."
    assert notes.list_notes() == ["Dentist on Tuesday at 5", "Buy milk and bread"]
    assert notes.find_notes("MILK") == ["Buy milk and bread"]
    assert notes.find_notes("tuesday dentist") == ["Dentist on Tuesday at 5"]
    assert notes.find_notes("submarine") == []


def test_notes_with_all_the_words_come_before_those_with_some(notes: Notes) -> None:
    for text in ("red car", "blue car", "blue boat"):
        notes.add_note(text)
    assert notes.find_notes("blue car") == ["blue car"]
    assert notes.find_notes("green car") == ["red car", "blue car"]


def test_case_and_accents_in_any_script(notes: Notes) -> None:
    notes.add_note("Straße in MÜNCHEN, Ελλάδα")
    for query in ("STRASSE", "münchen", "mu\u0308nchen", "ελλάδα"):
        assert len(notes.find_notes(query)) == 1, query


@pytest.mark.parametrize(
    "hostile",
    ["'); DROP TABLE notes; --", '" OR 1=1 --', "%", "_", "a%b_c", "\\", "*", "?1 :name @x $y", "\0", "a\0b", "NULL"],
)
def test_sql_and_wildcards_mean_nothing(notes: Notes, hostile: str) -> None:
    notes.add_note("an ordinary note")
    notes.add_note(hostile)
    assert notes.list_notes() == ["an ordinary note", hostile]
    assert notes.find_notes(hostile) == [hostile]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts, max_size=5), texts)
def test_any_text_comes_back_unchanged(saved: list[str], query: str) -> None:
    with Notes(":memory:") as notes:
        for text in saved:
            notes.add_note(text)
            assert text in notes.find_notes(text[:100].split()[0]) if text[:100].split() else True
        assert notes.list_notes() == saved
        if len(query.split()) <= 20:
            assert set(notes.find_notes(query)) <= set(saved)


def test_notes_outlive_the_object(tmp_path: Path) -> None:
    Notes(tmp_path / "notes.db").add_note("still here")
    assert Notes(str(tmp_path / "notes.db")).list_notes() == ["still here"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001, "x" * 10**7, "broken \ud800"])
def test_what_cannot_be_saved_is_told(notes: Notes, text: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        notes.add_note(text)
    assert caught.value.argument == "text" and len(caught.value.message) < 100
    assert notes.list_notes() == []


@pytest.mark.parametrize("query", ["", " ", "x" * 1001, "w " * 10**6, " ".join(map(str, range(21))), "\ud800"])
def test_what_cannot_be_looked_for_is_told(notes: Notes, query: str) -> None:
    with pytest.raises(ModelRetry) as caught:
        notes.find_notes(query)
    assert caught.value.argument == "query" and len(caught.value.message) < 100


def test_limits() -> None:
    notes = Notes(":memory:", max_notes=4, max_results=2)
    for number in range(4):
        notes.add_note(f"note {number}")
    with pytest.raises(ToolFailed, match="full: there are 4"):
        notes.add_note("one more")
    assert notes.list_notes() == ["note 2", "note 3", "(2 older notes are not shown)"]
    assert notes.find_notes("note") == notes.list_notes()
    notes.close()


def test_threads_share_the_notes(notes: Notes) -> None:
    def save(name: int) -> None:
        for number in range(20):
            notes.add_note(f"{name}/{number}")
            notes.find_notes(f"{name}/")

    threads = [threading.Thread(target=save, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = notes.list_notes()
    assert len(found) == 101 and found[-1] == "(60 older notes are not shown)"


def _save_some(path: Path, name: int) -> None:
    notes = Notes(path)
    for number in range(20):
        notes.add_note(f"{name}/{number}")


def test_processes_share_the_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_save_some, args=(tmp_path / "notes.db", name)) for name in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(Notes(tmp_path / "notes.db").list_notes()) == 60


def test_a_file_that_is_busy_is_told(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes.db", timeout=0.05)
    other = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ToolFailed, match="could not be saved: database is locked"):
        notes.add_note("later")
    other.execute("ROLLBACK")
    other.close()
    assert notes.add_note("now") == "Saved note 1."


def test_a_place_that_cannot_hold_notes(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("this is no database " * 100)
    for path in (tmp_path, tmp_path / "no" / "such" / "folder.db", tmp_path / "letter.txt"):
        with pytest.raises(ValueError, match=r"cannot use .* for notes"):
            Notes(path)
    with pytest.raises(ValueError, match="empty"):
        Notes("")


def test_a_relative_path_stays_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    notes = Notes("50% of #1?.db")
    notes.add_note("milk")
    monkeypatch.chdir(tmp_path / "there")
    assert notes.list_notes() == ["milk"]
    assert list((tmp_path / "there").iterdir()) == []
    (tmp_path / "here" / "50% of #1?.db").unlink()
    with pytest.raises(ToolFailed, match="unable to open"):
        notes.add_note("bread")


def test_an_error_that_ended_the_transaction_is_told_as_it_is() -> None:
    notes = Notes(":memory:")
    assert notes._memory is not None
    notes._memory.execute("PRAGMA max_page_count = 4")
    with pytest.raises(ToolFailed, match="could not be saved: database or disk is full"):
        notes.add_note("x" * 9000)
        notes.add_note("x" * 9000)
    notes.add_note("short")


def test_closed_notes_say_so() -> None:
    notes = Notes(":memory:")
    notes.close()
    with pytest.raises(ToolFailed, match="closed"):
        notes.list_notes()
