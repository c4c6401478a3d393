"""Credentials that are not the right one, each with the mistake that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from rename_tck.client.exchange import Credential


@dataclass(frozen=True)
class BadCredential:
    """A credential that must be refused."""

    credential: Credential
    label: str
    mistake: str


MISSING = (BadCredential(Credential.NONE, "no credential", "a route left out of the authentication"),)

WRONG = (
    BadCredential(Credential.EMPTY, "an empty key", "nothing compared with nothing, or a prefix"),
    BadCredential(Credential.WRONG, "another key", "any key taken for the right one"),
    BadCredential(Credential.LONGER, "the key with a character more", "compared by the key as a prefix, or cut"),
    BadCredential(Credential.SHORTER, "the key with a character less", "compared by the given text as a prefix"),
    BadCredential(Credential.OTHER_END, "the key with another last character", "compared up to the last character"),
    BadCredential(Credential.OTHER_BEGINNING, "the key with another first character", "compared by its end"),
    BadCredential(Credential.BEHIND, "the key behind another character", "looked for anywhere in the given text"),
    BadCredential(Credential.OTHER_SCHEME, "the key under the scheme Basic", "whatever stands after a blank taken"),
    BadCredential(
        Credential.OTHER_CASE, "the right key with capital and small letters swapped", "compared without regard to case"
    ),
)
