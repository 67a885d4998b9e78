"""Taking behaviour in: keep it, and learn from it. What follows is concluded a moment later (`conclusions`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ccx_broker.defaults import store
from ccx_broker.defaults.conclusions import offers_of
from ccx_broker.defaults.rules import is_heard, learn_from
from ccx_broker.defaults.rules.events import Choices, LearnResult, ReceivedEvent
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.kit.ids import new_id
from ccx_broker.profile import service as profile
from ccx_broker.profile import store as profile_store

COLLECT, PROFILING = "data.collect", "data.profiling"


def learn(session: Session, events: Sequence[ReceivedEvent], now: datetime) -> LearnResult:
    """Take in events of any number of customers, in a fixed number of statements.

    The customers' states are locked first, so batches about one customer follow each other: each event
    is counted exactly once, however often and by however many at once it is sent. What it costs depends
    on the events and not on how many came before, since only the states are read, and they are bounded.

    Who says `data.profiling` = no is not learnt from, nor is a sender that the customer has muted. Who
    says `data.collect` = no has nothing kept but the message id. The sender can't tell (promise 1): the
    result is the same as anyone's, and so are the work and the statements, but for what is thrown away.
    """
    if not events:
        return LearnResult(0, 0)
    # All that needs no lock comes before it: other batches about the same customers wait.
    numbered = {new_id(): event for event in events}
    observations = {
        i: observation
        for i, event in numbered.items()
        if (observation := event.observation()) and is_heard(observation)
    }
    customers = sorted({event.customer_id for event in events})
    store.make_states(session, customers, now)
    states = store.lock_states(session, customers)
    stated = profile_store.stated_values(session, customers, (COLLECT, PROFILING))
    choices = {
        customer: Choices(
            collect=stated.get((customer, COLLECT)) != "no",
            profiling=stated.get((customer, PROFILING)) != "no",
        )
        for customer in customers
    }

    markers = [i for i, event in numbered.items() if not choices[event.customer_id].collect]
    may_teach = [i for i in observations if choices[numbered[i].customer_id].may_learn]
    new = store.insert_events(session, numbered, markers, may_teach, now)

    observed: dict[UUID, list[Observation]] = {}
    counted: dict[UUID, list[Observation]] = {}
    for i, observation in observations.items():
        if i in new:
            observed.setdefault(numbered[i].customer_id, []).append(observation)
            if new[i]:
                counted.setdefault(numbered[i].customer_id, []).append(observation)
    if observed:
        heard = {customer: {each.name for each in seen} for customer, seen in observed.items()}
        store.save_states(session, _learnt(states, observed, counted), heard, now)
    return LearnResult(accepted=len(new), duplicates=len(events) - len(new))


def _learnt(
    states: store.States,
    observed: Mapping[UUID, Sequence[Observation]],
    counted: Mapping[UUID, Sequence[Observation]],
) -> Iterator[tuple[UUID, store.State]]:
    """Yield the customers' states after what counts. What doesn't is learnt too, and thrown away: it takes as long."""
    for customer, seen in observed.items():
        before, counts = states[customer], counted.get(customer, ())
        after = learn_from(before, seen)
        yield customer, after if len(counts) == len(seen) else learn_from(before, counts)


def ask_again(session: Session, customer_id: UUID, key: str, now: datetime) -> None:
    """Offer a dismissed guess again, as it follows from all that was observed until now.

    Raises `NotFound` if no guess about `key` was dismissed. What was learnt while it was dismissed was not
    stored as a guess, so it is concluded anew.
    """
    # State before guess, as `learn` does: the other way round, the two could wait for each other for ever.
    state = store.lock_states(session, [customer_id]).get(customer_id, {})
    profile.undismiss_default(session, customer_id, key)
    (offers,) = offers_of(session, {customer_id: state}).values()
    profile.offer_defaults(session, [(customer_id, offer) for offer in offers if offer.key == key], now)
