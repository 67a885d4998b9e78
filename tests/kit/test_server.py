import httpx2


def test_the_server_is_up_and_reaches_its_database(http: httpx2.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}


def test_an_unknown_path_is_a_problem_document(http: httpx2.Client) -> None:
    answer = http.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
