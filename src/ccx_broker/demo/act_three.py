"""Act three: it is taken back, and everything is on record."""

from typing import Any

from ccx_broker.demo import cast
from ccx_broker.demo.scene import Scene


def ada_withdraws(scene: Scene) -> None:
    """One click on her page."""
    scene.tell.step(
        f"Ada withdraws from {cast.ALMA}",
        "Her page “Who may see what” lists both shops. She presses “End sharing”.",
    )
    grants = scene.mine("GET", "/v1/me/grants").json()["items"]
    ending = next(g for g in grants if g["state"] == "live" and g["organisation"] == cast.ALMA)
    scene.browser.open(f"{scene.http.base_url.join('/sharing')}")
    scene.browser.press("End sharing", form_of=ending["grant_id"])
    page = scene.browser.page
    said = f"{cast.ALMA} gets nothing from you any more".replace("'", "&#39;")
    scene.tell.check(
        f"The page says: {cast.ALMA} gets nothing from you any more.", page is not None and said in page.text
    )


def alma_is_refused(scene: Scene) -> None:
    """Whichever way it asks; the other shop is not touched by that."""
    scene.tell.step(f"{cast.ALMA} asks again and is refused")
    status, body = scene.reads(scene.alma, cast.CARD)
    scene.tell.answers("broker", f"{status}. {body.get('detail', '')}")
    scene.tell.check(
        "With Ada's token it gets no data any more, but a refusal (401).",
        status == 401 and "preferences" not in body,
    )
    status, body = scene.reads(scene.alma, cast.CARD, way="subject")
    scene.tell.answers("broker", f"{status}. {body.get('detail', '')}")
    scene.tell.check(
        "With its own token it is refused as well (404).", status == 404 and "preferences" not in body
    )
    status, body = scene.reads(scene.tern, cast.CARD)
    scene.tell.check(
        f"{cast.TERN} is not touched by that: it still reads its {len(cast.FROM_TERN)} things.",
        status == 200 and len(body["preferences"]) == len(cast.FROM_TERN),
        body,
    )


def ada_reads_the_log(scene: Scene) -> None:
    """Every look and every refusal, in the order they happened."""
    scene.tell.step(
        "The log shows every look and every refusal",
        "Each line was written before the answer left, so none can be missing.",
    )
    lines = scene.mine("GET", "/v1/me/disclosures").json()["items"][::-1]
    scene.tell.table(
        ["Time (UTC)", "Who", "What happened", "Saw"],
        [
            [
                line["at"][11:19],
                line["organisation"]["name"],
                happened(line),
                ", ".join(line["keys"]) or "nothing",
            ]
            for line in lines
        ],
    )
    told = [(line["organisation"]["name"], line["outcome"], len(line["keys"])) for line in lines]
    scene.tell.check(
        "All six questions of this story are there, and nothing else.",
        told
        == [
            (cast.ALMA, "disclosed", 0),
            (cast.ALMA, "disclosed", len(cast.FROM_ALMA)),
            (cast.TERN, "disclosed", len(cast.FROM_TERN)),
            (cast.ALMA, "refused", 0),
            (cast.ALMA, "refused", 0),
            (cast.TERN, "disclosed", len(cast.FROM_TERN)),
        ],
        told,
    )


def happened(line: dict[str, Any]) -> str:
    """Say what a line of the log tells."""
    return "looked" if line["outcome"] == "disclosed" else f"refused: {line['reason'].replace('_', ' ')}"
