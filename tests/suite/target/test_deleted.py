"""A session that was deleted: nothing more goes to its id where somebody else may have it."""

from __future__ import annotations

from typing import Any

import pytest
from harness import KEY

from rename_tck.reference.openhands import Conversation, OpenHandsServer
from rename_tck.reference.serving import serve
from rename_tck.settings.settings import Settings
from rename_tck.target.connection import TargetConnection, all_editions
from rename_tck.target.deleted import make_and_delete
from rename_tck.verdict import NotTested


class Counting(OpenHandsServer):
    """Ids are the next number after the highest, as of a table whose deleted rows leave their numbers free."""

    def open(self) -> Conversation:
        """A conversation under the next number."""
        made = super().open()
        del self.conversations[made.conversation_id]
        made.conversation_id = str(max([0, *map(int, self.conversations)]) + 1)
        self.conversations[made.conversation_id] = made
        return made


class Lingering(OpenHandsServer):
    """A deletion is answered as done, and somebody has a conversation of the same id at once."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, and put another one in the place of what was deleted."""
        gone = scope["path"].rpartition("/")[2] if scope["method"] == "DELETE" else None
        await super().__call__(scope, receive, send)
        if gone is not None and gone not in self.conversations:
            made = self.open()
            del self.conversations[made.conversation_id]
            made.conversation_id, made.title = gone, "Theirs"
            self.conversations[gone] = made


def _deleted(server: OpenHandsServer) -> tuple[str, list[str | None]]:
    """Why none could be made and deleted, and what is left at the server in the end, by title."""
    with serve(server) as url:
        settings = Settings(base_url=url, system="openhands", api_key=KEY)
        editions = all_editions("openhands")
        connection = TargetConnection(settings, "openhands", editions=editions, seed=1, worker="", share=(0, 1))
        try:
            connection.prepare()
            with pytest.raises(NotTested) as caught:
                make_and_delete(connection.target)
        finally:
            connection.close()
    told = [one.what for one in connection.pool.leftovers]
    assert bool(told) == bool(server.conversations), told
    return caught.value.reason, [one.title for one in server.conversations.values()]


def test_where_ids_are_counted_none_is_deleted_for_it() -> None:
    why, left = _deleted(Counting(KEY))
    assert "ids are counted here" in why
    assert left == []


def test_what_is_shown_after_a_deletion_is_not_deleted_again() -> None:
    why, left = _deleted(Lingering(KEY))
    assert "its deletion was answered" in why
    assert "Theirs" in left
