"""Who sends an access token to a resource: whoever bears it, or the holder of the key that it is bound to.

For every door that takes access tokens. `presented` reads the headers and checks the proof; whether token
and proof belong together is for whoever looks the token up (`oauth.service.find_token`, the hot path).
"""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from ccx_broker.kit import clock
from ccx_broker.kit.challenge import challenge
from ccx_broker.kit.errors import NotSignedIn, Problem
from ccx_broker.kit.runtime import Runtime
from ccx_broker.oauth import service
from ccx_broker.oauth.dpop import ALGORITHMS, check_proof, nonces_of
from ccx_broker.oauth.rules import AccessToken
from ccx_broker.oauth.rules.proofs import Flawed, Proof

LONGEST_TOKEN = 200
ALGS = f'algs="{" ".join(ALGORITHMS)}"'


@dataclass(frozen=True)
class Presented:
    """An access token as it was sent: with a proof (`Authorization: DPoP`), with a bad one, or as Bearer."""

    token: str
    proof: Proof | Flawed | None


def presented(request: Request, rt: Runtime) -> Presented:
    """Return the token of the `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1) and its proof.

    Raises `NotSignedIn` without a token, or where the client has yet to learn the nonce (§9).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    scheme, token = scheme.lower(), token.strip()
    if scheme not in ("bearer", "dpop") or not 0 < len(token) <= LONGEST_TOKEN:
        raise no_token(rt)
    return Presented(token, None if scheme == "bearer" else _proof(request, rt, token))


def live_access(rt: Runtime, sent: Presented, now: datetime) -> AccessToken:
    """Return what the token is good for, and use its proof up, in a transaction of its own.

    So a proof stays used even if the request fails after. Raises `NotSignedIn`, one for every flaw.
    """
    access = None
    if not isinstance(sent.proof, Flawed):
        with rt.sessions.begin() as session:
            access = service.find_token(session, sent.token, now, sent.proof)
    if access is None:
        problem = NotSignedIn(
            "The access token is unknown, expired or withdrawn, or not proved to be yours."
            " Get a new one from /oauth/token.",
            slug="invalid-token",
            headers=challenge(rt.issuer, "invalid_token"),
        )
        raise challenged(problem, sent, rt)
    return access


def no_token(rt: Runtime) -> NotSignedIn:
    """Return the answer to a request without a token: both ways in which one may be sent."""
    (bearer,) = challenge(rt.issuer).values()
    return NotSignedIn(
        "Send an access token as `Authorization: Bearer …`, or `DPoP …` with a proof if it is bound to a key.",
        headers={"WWW-Authenticate": f"{bearer}, {_dpop(bearer)}"},
    )


def challenged(
    problem: Problem, sent: Presented, rt: Runtime, *, bound: bool = False, used: bool = False
) -> Problem:
    """Return the answer to a refused token, as a challenge of the scheme that would do (RFC 9449 §7.1).

    `problem` has the Bearer challenge, if any; `bound`: the token was sent as Bearer, and is bound (§7.2);
    `used`: the proof was used before.
    """
    if isinstance(sent.proof, Flawed):
        return _flawed(sent.proof, rt)
    if used:
        return _flawed(Flawed("Make a new DPoP proof for each request: this one was used before."), rt)
    return _in_dpop(problem, rt) if sent.proof or bound else problem


def nonce_header(rt: Runtime) -> dict[str, str]:
    """Return the header that tells a client the nonce to use from now on (RFC 9449 §8.2)."""
    return {"DPoP-Nonce": nonces_of(rt.keys).current(clock.now())}


def _flawed(proof: Flawed, rt: Runtime) -> Problem:
    said, headers = proof.description, challenge(rt.issuer, proof.error)
    if proof.error == "use_dpop_nonce":
        return _in_dpop(NotSignedIn(said, slug="use-dpop-nonce", headers=headers), rt)
    return _in_dpop(NotSignedIn(said, slug="invalid-dpop-proof", headers=headers), rt)


def _in_dpop(problem: Problem, rt: Runtime) -> Problem:
    """Return the same problem with a DPoP challenge if it has one, and the nonce for the next proof."""
    headers = problem.headers | nonce_header(rt)
    if bearer := headers.get("WWW-Authenticate"):
        headers["WWW-Authenticate"] = _dpop(bearer)
    return type(problem)(problem.detail, slug=problem.slug, errors=problem.errors, headers=headers)


def _dpop(bearer: str) -> str:
    return f"DPoP{bearer.removeprefix('Bearer')}, {ALGS}"


def _proof(request: Request, rt: Runtime, token: str) -> Proof | Flawed:
    sent = request.headers.getlist("dpop")
    if len(sent) != 1:
        return Flawed("Send one DPoP proof with the token, in the header DPoP.")
    path = request.scope.get("raw_path") or request.url.path.encode()
    proof = check_proof(
        sent[0],
        method=request.method,
        url=rt.issuer + path.decode("latin-1"),
        now=clock.now(),
        is_fresh=nonces_of(rt.keys).is_fresh,
        access_token=token,
    )
    if isinstance(proof, Flawed) and proof.error == "use_dpop_nonce":
        raise _flawed(proof, rt)
    return proof
