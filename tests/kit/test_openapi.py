import httpx2


def test_every_way_of_proving_who_one_is_is_described(http: httpx2.Client) -> None:
    document = http.get("/openapi.json").json()
    named = {
        scheme
        for path in document["paths"].values()
        for operation in path.values()
        for choice in operation.get("security", [])
        for scheme in choice
    }
    assert {"access_token", "session", "client"} <= named
    assert named <= set(document["components"]["securitySchemes"])
