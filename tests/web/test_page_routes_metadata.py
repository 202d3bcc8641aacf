"""Metadata: TMDb through its page alone: a key is tested, kept, and forgotten."""

import pytest

from tests.web.api_world import KEY, OTHER_KEY, Api
from tests.web.page_world import Site

PAGE = "/settings/tmdb_metadata"


@pytest.fixture
def site(api: Api) -> Site:
    return Site(api)


def test_a_key_is_tested_kept_and_removed(site: Site) -> None:
    assert "Metadata: TMDb A key for better matching; it needs no account. No key" in site.get("/settings")
    assert f'href="{PAGE}"' in site.html("/settings/tmdb_sync")
    assert "No key" in site.get(PAGE)
    page = site.get(site.to(f"{PAGE}/save", api_key=KEY))
    assert f"Key stored It ends in …{KEY[-4:]}. TMDb accepts it, asked just now." in page
    assert "accepts" not in site.get(PAGE)
    assert "TMDb accepts it" in site.get(site.to(f"{PAGE}/verify"))
    assert site.to(f"{PAGE}/remove") == PAGE
    assert "No key" in site.get(PAGE)
    assert "accepts" not in site.get(f"{PAGE}?said=accepted")


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [("", 422, "There is no TMDb API key yet."), (OTHER_KEY, 400, "TMDb does not accept this API key.")],
)
def test_a_key_that_is_none_is_not_kept(site: Site, key: str, status: int, said: str) -> None:
    code, page = site.refused(f"{PAGE}/save", api_key=key)
    assert (code, said in page) == (status, True), page
    assert "No key" in site.get(PAGE)
    assert site.refused(f"{PAGE}/verify")[0] == 422


def test_the_key_of_the_default_account_serves_metadata_too(site: Site) -> None:
    site.connect()
    assert "Uses the key of TMDb (Sync)" in site.get(PAGE)
    assert "TMDb accepts it" in site.get(site.to(f"{PAGE}/verify"))
