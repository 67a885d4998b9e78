"""Predictions against labels: how much is answered, how good it is, and what of it would be served."""

from collections.abc import Iterable, Mapping, Sequence

from bench.evaluation import measures
from bench.evaluation.labels import Habit, Labels, Trait
from bench.evaluation.measures import Figures, mean
from bench.evaluation.predictions import Guess, Predictions, guesses, is_answer, is_served
from bench.evaluation.score_pairs import price_range, replenishment

LONGEST_LIST = 10
# What the broker goes by for whom it knows nothing of.
COIN = 0.5


def score(predictions: Predictions, labels: Labels) -> dict[str, Figures]:
    """Return all figures, by what is predicted; shares and probabilities lie between 0 and 1."""
    categories, popular = labels.categories, labels.categories.popular
    return {
        "next_basket": lists(predictions, categories.next_basket, popular),
        "categories_altogether": lists(predictions, categories.altogether, popular),
        **{key: habit(guesses(predictions, key), known) for key, known in labels.habits.items()},
        **{key: trait(guesses(predictions, key), known) for key, known in labels.traits.items()},
        "replenishment": replenishment(predictions, labels.gaps),
        "price_range": price_range(predictions, labels.prices),
        "explained": explained(predictions),
    }


def lists(predictions: Predictions, wanted: Mapping[int, set[str]], popular: Sequence[str]) -> Figures:
    """Measure the lists of usual categories by what was bought; `served_`: silence gets what is popular."""
    answers = guesses(predictions, "usual_categories")
    listed = {i: list(dict.fromkeys(answers[i]["value"]))[:LONGEST_LIST] for i in wanted if i in answers}
    served = {i: listed.get(i, popular) for i in wanted}
    return {
        "n": len(wanted),
        "coverage": len(listed) / len(wanted) if wanted else 0.0,
        "recall10": mean(measures.recall(names, wanted[i]) for i, names in listed.items()),
        "ndcg10": mean(measures.gain(names, wanted[i]) for i, names in listed.items()),
        "served_recall10": mean(measures.recall(names, wanted[i]) for i, names in served.items()),
        "served_ndcg10": mean(measures.gain(names, wanted[i]) for i, names in served.items()),
    }


def habit(answers: Mapping[int, Guess], known: Habit) -> Figures:
    """Measure a day, slot or store: right is what most trips went to, or one of several such."""
    trips = {i: counts for i, counts in known.trips.items() if i in answers}
    share = [counts.get(str(answers[i]["value"]), 0) / sum(counts.values()) for i, counts in trips.items()]
    hits = {i: is_usual(answers[i]["value"], counts) for i, counts in trips.items()}
    instead = {i: hits.get(i, is_usual(known.popular, counts)) for i, counts in known.trips.items()}
    said = [float(answers[i].get("confidence", COIN)) for i in trips]
    came, n = list(hits.values()), len(known.trips)
    return {
        "n": n,
        "coverage": len(hits) / n if n else 0.0,
        "accuracy": mean(came),
        "trips": mean(share),
        **{f"accuracy_at{at}": measures.accuracy_at(at / 100, said, came, n) for at in (100, 80, 50, 20)},
        "ece": measures.calibration_error(said, came),
        "served_accuracy": mean(instead.values()),
        **would_serve((hit for i, hit in hits.items() if is_served(answers[i])), n),
    }


def is_usual(value: object, counts: Mapping[str, int]) -> bool:
    """Tell whether no other value was as frequent."""
    return counts.get(str(value), 0) == max(counts.values())


def trait(answers: Mapping[int, Guess], known: Trait) -> Figures:
    """Measure the probability of a trait."""
    said = {i: probability(answers[i]) for i in known.truths if i in answers}
    truths, n = [known.truths[i] for i in said], len(known.truths)
    chances = list(said.values())
    return {
        "n": n,
        "threshold": known.threshold,
        "coverage": len(said) / n if n else 0.0,
        "auc": measures.auc(chances, truths),
        "accuracy": mean((p > COIN) == truth for p, truth in zip(chances, truths, strict=True)),
        "brier": mean((p - truth) ** 2 for p, truth in zip(chances, truths, strict=True)),
        "ece": measures.calibration_error(chances, truths),
        **would_serve(((p > COIN) == known.truths[i] for i, p in said.items() if is_served(answers[i])), n),
    }


def probability(guess: Guess) -> float:
    """Return how likely a trait is said to be."""
    return float(guess["probability"]) if "probability" in guess else float(bool(guess["value"]))


def would_serve(hits: Iterable[bool], of: int) -> Figures:
    """Return for how many something would be served, and how often that is right."""
    found = list(hits)
    return {"would_serve": len(found) / of if of else 0.0, "would_serve_accuracy": mean(found)}


def explained(predictions: Predictions) -> Figures:
    """Count the answers that say why."""
    of_pairs = ("replenishment", "price_range")
    said = [g for of in predictions.values() for key, g in of.items() if key not in of_pairs and is_answer(g)]
    return {
        "n": len(said),
        "with_explanation": mean(bool(guess.get("explanation")) for guess in said),
        "with_evidence": mean(bool(guess.get("evidence")) for guess in said),
    }
