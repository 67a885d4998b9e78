"""The demo's own folder: new each time, and never taken away from under another demo."""

import os
from pathlib import Path

import pytest

from ccx_broker.demo.place import Place
from ccx_broker.kit.unusable import Unusable


def test_the_data_of_an_earlier_run_is_gone(tmp_path: Path) -> None:
    place = Place({"CCX_PORT": "8000"}, tmp_path / "demo")
    for _ in range(2):
        with place.prepared() as (environment, _):
            data = Path(environment["CCX_DATA_DIR"])
            assert environment["CCX_PORT"] == "8000"
            assert not data.exists()
            data.mkdir()
            (data / "something").touch()
    assert place.tag == ""


def test_one_demo_at_a_time(tmp_path: Path) -> None:
    place = Place({}, tmp_path / "demo")
    with place.prepared(), pytest.raises(Unusable, match="running already"), place.prepared():
        pass
    with place.prepared():
        pass


def test_a_broker_that_was_left_behind_keeps_its_folder(tmp_path: Path) -> None:
    place = Place({}, tmp_path / "demo")
    with place.prepared() as (_, lock):
        assert lock is not None
        inherited = os.dup(lock)
    with pytest.raises(Unusable), place.prepared():
        pass
    os.close(inherited)
    with place.prepared():
        pass


def test_elsewhere_nothing_is_removed_and_names_are_new(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    place = Place({"CCX_DATA_DIR": str(tmp_path)}, None)
    with place.prepared() as (environment, lock):
        assert environment["CCX_DATA_DIR"] == str(tmp_path)
        assert lock is None
    assert (tmp_path / "broker").exists()
    assert place.tag != Place({}, None).tag


def test_a_folder_that_cant_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match="can't be used"), Place({}, tmp_path / "file" / "demo").prepared():
        pass
