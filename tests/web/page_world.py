"""The pages over a simulated TMDb, used as a browser without scripts uses them: forms, redirects, words."""

import html
import re
from typing import Any

import httpx2
from fastapi import FastAPI

from crosswatch.web.parts import Parts
from tests.web.api_world import BASE, KEY, Api

HOSTS = "http://127.0.0.1:8787"
ONE_WAY = {"source": "tmdb", "target": "tracker", "mode": "one-way", "conflict": "ask"}
"""The form as it is when nothing is chosen in it."""

FORM = {"Origin": HOSTS, "Sec-Fetch-Site": "same-origin"}


class Site:
    """A browser on the pages of an installation; every page is searched for secrets and foreign addresses."""

    def __init__(self, api: Api) -> None:
        self.api, self.sim = api, api.sim
        assert isinstance(api.app, FastAPI)
        self.parts: Parts = api.app.state.parts

    def get(self, path: str, *, status: int = 200, **headers: str) -> str:
        """The words of a page, without its tags."""
        return words(self.html(path, status=status, **headers))

    def html(self, path: str, *, status: int = 200, **headers: str) -> str:
        answer = self.api.client.get(path, headers=headers, follow_redirects=False)
        assert answer.status_code == status, answer.text
        return self.checked(answer)

    def post(self, path: str, **fields: Any) -> httpx2.Response:
        """A form that is sent; its answer, not followed."""
        return self.api.client.post(path, data=fields, headers=FORM, follow_redirects=False)

    def to(self, path: str, **fields: Any) -> str:
        """Where a form leads to."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def refused(self, path: str, **fields: Any) -> tuple[int, str]:
        """Status and words of the page that refuses a form."""
        answer = self.post(path, **fields)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, words(self.checked(answer))

    def checked(self, answer: httpx2.Response) -> str:
        text = answer.text
        for secret in (*self.api.secrets, *self.sim.sessions):
            assert secret not in text + str(answer.headers)
        assert "?." not in words(text), "a sentence lacks a parameter"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        return text

    # the way of a user

    def asked(self, instance: str = "default", key: str = KEY) -> str:
        """Clicks Connect; gives the address of TMDb's page, which opens in a new tab."""
        return self.to("/settings/tmdb_sync/connect", instance=instance, api_key=key)

    def answered(self, url: str, answer: str = "approve", user: str = "alice") -> str:
        """Says yes or no at TMDb, which sends the browser back; gives the address that it is sent to."""
        if not any(known.username == user for known in self.sim.users.values()):
            self.sim.add_user(user)
        page, _, query = url.partition("?")
        back = dict(httpx2.QueryParams(query)).get("redirect_to", "")
        sent = httpx2.post(page, data={"redirect_to": back, "user": user, "answer": answer})
        assert sent.status_code == 303, sent.text
        assert sent.headers["location"].startswith(BASE), sent.headers["location"]
        return sent.headers["location"].removeprefix(BASE)

    def came_back(self, path: str) -> str:
        """The browser comes back from TMDb; gives where it ends."""
        answer = self.api.client.get(
            path,
            headers={
                "Sec-Fetch-Site": "cross-site",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Dest": "document",
            },
            follow_redirects=False,
        )
        assert answer.status_code == 303, answer.text
        assert "?" not in answer.headers["location"]
        return answer.headers["location"]

    def connect(self, user: str = "alice", instance: str = "default") -> None:
        """The whole way."""
        assert "/result/connected" in self.came_back(self.answered(self.asked(instance), user=user))

    def fill(self, movies: int = 6) -> None:
        keys = self.sim.catalogue.add_synthetic(movies=movies)
        self.sim.fill_watchlist("alice", keys)
        self.sim.fill_ratings("alice", [(key, (place % 20 + 1) / 2) for place, key in enumerate(keys)])

    def pair(self) -> None:
        """Keeps both features in the tracker, and waits for the end of the first sync that this begins."""
        assert self.to("/pairs/new", **ONE_WAY, features=["watchlist", "ratings"]) == "/"
        self.stream("/stream")

    def stream(self, path: str) -> list[str]:
        """Everything that an event stream says, until it ends by itself."""
        with self.api.client.stream("GET", path) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            return "\n".join(answer.iter_lines()).strip().split("\n\n")

    def sync(self) -> list[str]:
        """Sync now, followed to its end."""
        assert self.to("/pairs/1/run") == "/"
        return self.stream("/stream")


def words(page: str) -> str:
    """What can be read on a page."""
    body = re.sub(r"<(head|svg|noscript)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
