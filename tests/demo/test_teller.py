"""How it is printed, and that nothing is told which does not hold."""

import pytest

from ccx_broker.demo.teller import NotAsTold, Teller


def test_steps_are_numbered_and_fit_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller()
    tell.step(
        "Ada shares", "A sentence that is long enough to be broken into two lines of a terminal, and a bit."
    )
    tell.table(["Key", "Value"], [["buy.store", "400 " * 40], ["[bold]", "not markup"]])
    tell.check("It holds. " * 20, True)
    tell.step("Ada withdraws")
    told = capsys.readouterr().out
    assert "1. Ada shares" in told
    assert "2. Ada withdraws" in told
    assert "│ [bold]" in told, "what shops and customers write is no markup"
    assert max(len(line) for line in told.splitlines()) <= 80
    assert "\x1b" not in told, "no colours in a file"


def test_what_does_not_hold_stops_the_story_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller()
    tell.step("Ada shares")
    with pytest.raises(NotAsTold) as caught:
        tell.check("Five came.", False, ["buy.store"])
    tell.failed(caught.value)
    told = " ".join(capsys.readouterr().out.split())
    assert "✓" not in told
    assert "Step 1, “Ada shares”, did not go as told." in told
    assert "expected: Five came. But there was: ['buy.store']" in told
