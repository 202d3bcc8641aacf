"""The key of Metadata: TMDb over the API."""

import pytest

from tests.web.api_world import KEY, OTHER_KEY, Api


def test_a_key_is_tested_saved_and_forgotten(api: Api) -> None:
    good = {"ok": True, "valid": True, "code": "", "error": ""}
    assert api.post("/tmdb/verify", {"api_key": KEY}) == good
    assert api.get("/config")["tmdb"]["api_key"]["set"] is False
    assert api.post("/tmdb/save", {"api_key": KEY}) == good
    assert api.get("/config")["tmdb"]["api_key"] == {"set": True, "hint": f"…{KEY[-4:]}"}
    assert api.post("/tmdb/verify") == good
    assert api.post("/tmdb/save", {"api_key": f"…{KEY[-4:]}"}) == good
    assert api.get("/config")["tmdb"]["api_key"]["set"] is True
    assert api.post("/tmdb/disconnect") == {**good, "valid": False}
    assert api.get("/config")["tmdb"]["api_key"]["set"] is False


def test_verify_answers_200_whatever_is_wrong_and_save_does_not(api: Api) -> None:
    for given, code, status in (
        ({"api_key": OTHER_KEY}, "invalid_api_key", 400),
        ({"api_key": "nonsense"}, "not_a_v3_key", 422),
        (None, "missing_api_key", 422),
    ):
        told = api.post("/tmdb/verify", given)
        assert (told["ok"], told["valid"], told["code"]) == (True, False, code)
        assert told["error"]
        assert api.refused("POST", "/tmdb/save", given) == (status, code)
    assert api.get("/config")["tmdb"]["api_key"]["set"] is False


def test_the_key_of_the_default_account_serves_metadata_too(api: Api) -> None:
    api.connect()
    assert api.post("/tmdb/verify")["valid"] is True


@pytest.mark.parametrize("call", ["verify", "save", "disconnect"])
def test_there_is_one_metadata_service(api: Api, call: str) -> None:
    assert api.refused("POST", f"/tmdb/{call}", instance="second") == (404, "unknown_instance")
    assert api.refused("POST", f"/tmdb/{call}", instance="") == (404, "unknown_instance")
