"""Proxies count where they are trusted, base paths are right stripped or not, and every answer has its headers."""

import pytest

from crosswatch.errors import HouseError
from crosswatch.web.security import SESSION_COOKIE
from tests.web.guarded import HOST, LOCAL, PROXY, SOMEBODY, Doors, ask, code_of, guarded


def test_forwarded_headers_count_from_trusted_proxies_only() -> None:
    forwarded = {
        "X-Forwarded-For": "6.6.6.6, 192.168.1.7, 10.0.0.8",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "cw.example",
        "Cookie": f"{SESSION_COOKIE}=good",
    }
    app = guarded(trusted_proxies="10.0.0.0/8", host="0.0.0.0", door=Doors(password=True))
    seen = ask(app, "GET", "/api/x", forwarded, client=PROXY).json()
    assert (seen["client"], seen["scheme"], seen["host"]) == ("192.168.1.7", "https", "cw.example")
    seen = ask(app, "GET", "/api/x", forwarded, client=SOMEBODY).json()
    assert (seen["client"], seen["scheme"], seen["host"]) == ("192.168.1.7", "http", HOST)


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ("127.0.0.1", ""),
        ("192.168.1.7", "setup_required"),
        ("127.0.0.1, 192.168.1.7", "setup_required"),
        ("unknown", "setup_required"),
        ("", "setup_required"),
        ("192.168.1.7:4711", "setup_required"),
        ("[2001:db8::1]:4711", "setup_required"),
    ],
)
def test_a_proxy_on_this_machine_does_not_make_strangers_locals(chain: str, code: str) -> None:
    app = guarded(trusted_proxies="127.0.0.1")
    answer = ask(app, "GET", "/api/status", {"X-Forwarded-For": chain})
    assert code_of(answer) == code


def test_plain_curl_works_beside_a_trusted_proxy() -> None:
    assert ask(guarded(trusted_proxies="127.0.0.1"), "GET", "/api/status").status_code == 200


@pytest.mark.parametrize("path", ["/cw/api/x", "/api/x"])
def test_a_base_path_is_right_stripped_or_not(path: str) -> None:
    seen = ask(guarded(base_path="/cw"), "GET", path).json()
    assert (seen["path"], seen["root"], seen["base"]) == ("/cw/api/x", "/cw", f"http://{HOST}/cw/")
    app = guarded(base_path="/cw", host="0.0.0.0", door=Doors(password=True))
    assert ask(app, "GET", path.replace("api/x", "api/health")).status_code == 200
    assert ask(app, "GET", path.replace("api/x", "runs")).headers["location"] == "/cw/sign-in?next=/runs"
    assert code_of(ask(app, "GET", path)) == "sign_in_required"


@pytest.mark.parametrize("path", ["/cw", "/cw/", "/"])
def test_the_start_page_is_found_at_the_base(path: str) -> None:
    seen = ask(guarded(base_path="/cw"), "GET", path).json()
    assert (seen["path"], seen["root"]) == ("/cw/", "/cw")


def test_a_prefix_is_taken_from_a_trusted_proxy_only() -> None:
    door = Doors(password=True)
    app = guarded(trusted_proxies="10.0.0.9", door=door)
    prefix = {"X-Forwarded-Prefix": "/cw/", "X-Forwarded-For": "192.168.1.7"}
    assert ask(app, "GET", "/runs", prefix, client=PROXY).headers["location"] == "/cw/sign-in?next=/runs"
    assert ask(app, "GET", "/runs", prefix, client=SOMEBODY).headers["location"] == "/sign-in?next=/runs"
    for bad in ("//evil.example", "https://evil.example", "/a/../b", "/a b"):
        answer = ask(app, "GET", "/runs", {**prefix, "X-Forwarded-Prefix": bad}, client=PROXY)
        assert answer.headers["location"] == "/sign-in?next=/runs"


# --- Headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/api/x", {}),
        ("/assets/app.css", {}),
        ("/api/x", {"Origin": "null"}),
        ("/", {"Host": "x"}),
    ],
)
def test_every_answer_has_the_safe_headers(path: str, headers: dict[str, str]) -> None:
    answer = ask(LOCAL, "GET", path, headers)
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self' https://www.themoviedb.org; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "permissions-policy" in answer.headers
    assert answer.headers.get("cross-origin-opener-policy") == (
        "same-origin" if "Host" not in headers else None
    )
    assert answer.headers["cache-control"] == ("max-age=31536000" if "assets" in path else "no-store")


def test_the_form_policy_follows_the_document_and_survives_a_broken_one() -> None:
    def broken() -> str:
        raise HouseError("config_broken")

    policy = ask(guarded(web_url=lambda: "http://127.0.0.1:5000/x"), "GET", "/").headers[
        "content-security-policy"
    ]
    assert "form-action 'self' http://127.0.0.1:5000;" in policy
    assert (
        "form-action 'self';" in ask(guarded(web_url=broken), "GET", "/").headers["content-security-policy"]
    )
