import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from bench.ingest import ALONE, LEARNING, OVER_HTTP, Behaviour, Ingest
from bench.learning import Learning
from bench.load import Round
from bench.orders import BATCH, Queue, number_of
from bench.questions import Introspection, Read, Token
from bench.report import RATIOS, intake_ratios, intake_table, percentile, rate, ratios, work

ROOT = Path(__file__).parents[2]


def rounds(*counts: int) -> list[Round]:
    return [Round(seconds=1.0, latencies=[n / 1000 for n in range(1, count + 1)]) for count in counts]


def test_a_disturbed_round_does_not_count() -> None:
    assert rate(rounds(100, 3, 101)) == 100


def test_percentiles_are_over_the_answers_of_all_rounds() -> None:
    assert percentile(rounds(50, 50), 50) == 26
    assert percentile(rounds(100), 99) == 100


def test_ratios_compare_neighbours_in_time() -> None:
    measured = {"as built, 1,000": rounds(50, 5), "bare FastAPI": rounds(100, 10)}
    assert ratios(measured) == ["consented read / bare FastAPI: 0.50"]


def test_work_is_for_each_answer() -> None:
    one = Round(seconds=1.0, processor=0.002, latencies=[0.1] * 20)
    assert work([one]) == pytest.approx(100)


def test_an_answer_about_another_customer_is_wrong() -> None:
    keys = b'"key":' * 5
    assert Read(9).is_right(b'{"subject":"ccxu_bench7"}' + keys, 7)
    assert not Read(9).is_right(b'{"subject":"ccxu_bench70"}' + keys, 7)
    assert not Read(9).is_right(b'{"subject":"ccxu_bench7"}', 7)
    assert Introspection(9).is_right(b'{"active":true,"sub":"ccxu_bench7"}', 7)
    assert not Introspection(9).is_right(b'{"active":true,"sub":"ccxu_bench8"}', 7)


def test_no_token_is_wrong() -> None:
    assert not Introspection(9).is_right(b'{"active":false}', 7)
    assert Token().is_right(b'{"token_type":"Bearer","access_token":"ccxa_x"}', 0)
    assert not Token().is_right(b'{"token_type":"DPoP","access_token":"ccxa_x"}', 0)


@pytest.fixture(scope="module")
def queue() -> Queue:
    return Queue(20)


def test_batches_of_orders_go_on_for_ever_and_are_all_new(queue: Queue) -> None:
    batches = queue.batches()
    orders = [order for _ in range(20) for order in next(batches)]
    assert len(orders) == 20 * BATCH > len(queue.coming), "they have begun anew"
    assert len({order["messageId"] for order in orders}) == len(orders)
    assert {number_of(order) for order in orders} <= set(range(1, 21))
    first = [order["timestamp"] for order in orders[:BATCH]]
    assert first == sorted(first)
    assert max(order["timestamp"] for order in queue.past) < first[0]


def test_a_batch_is_right_if_all_of_it_was_new(queue: Queue) -> None:
    question = Ingest(queue)
    question.prepare()
    head, _, body = question.ask()[0].partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert len(orjson.loads(body)["batch"]) == BATCH
    assert question.is_right(b'{"accepted":100,"duplicates":0,"refused":[]}', 0)
    assert not question.is_right(b'{"accepted":99,"duplicates":1,"refused":[]}', 0)


def test_the_computation_alone_learns_what_the_queue_brings(queue: Queue) -> None:
    learning = Learning(queue)
    before = dict(learning.states)
    learning.take_in(next(queue.batches()), concluding=False)
    assert any(learning.states[number] != before[number] for number in before)


def test_behaviour_is_told_by_the_order() -> None:
    rounds = {
        OVER_HTTP: [Round(seconds=2.0, processor=1.0, latencies=[0.1] * 20)],
        LEARNING: [Round(seconds=1.0, processor=1.0, latencies=[0.01] * 100)],
        ALONE: [Round(seconds=1.0, processor=1.0, latencies=[0.02] * 40)],
    }
    behaviour = Behaviour(rounds, 1000, 9.0, (1.04, 1.5))
    assert f"| {OVER_HTTP} | 1,000 | 100.0 | 100.0 | 500 |" in intake_table(behaviour)
    assert "behaviour over HTTP / learning alone: 0.10" in intake_ratios(behaviour)
    assert "behaviour over HTTP / learning and concluding alone: 0.25" in intake_ratios(behaviour)
    assert "learning from the 10,000th order / from the 10th: 1.04" in intake_ratios(behaviour)


@pytest.mark.slow
def test_it_measures_prints_the_ratios_and_counts_the_ledger(tmp_path: Path) -> None:
    """Small and short: that it works, not what it finds."""
    results = tmp_path / "results.md"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench",
            "--rounds=1",
            "--seconds=0.3",
            "--households=60",
            f"--results={results}",
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    for name in RATIOS:
        assert re.search(rf"^{re.escape(name)}: \d+\.\d\d$", run.stdout, re.MULTILINE)
    assert re.search(r"every answer stands in the ledger: [\d,]+ lines", run.stdout)
    assert re.search(r"every order stands in the database: [\d,]+00$", run.stdout, re.MULTILINE)
    assert re.search(
        r"^learning from the 10,000th order / from the 10th: \d+\.\d\d$", run.stdout, re.MULTILINE
    )
    assert "| bare FastAPI |" in results.read_text()
    assert f"| {OVER_HTTP} |" in results.read_text()
