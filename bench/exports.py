"""Exports of people with German names and everything that goes wrong in such files; the same for the same seed."""

from __future__ import annotations

import codecs
import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from uuid import UUID

from comity.directory.imports.model import Reason

HEADER: Final = (
    "userPrincipalName", "displayName", "surname", "mail", "givenName", "id", "userType", "jobTitle", "department",
    "accountEnabled", "usageLocation", "streetAddress", "state", "country", "officeLocation", "city", "postalCode",
    "telephoneNumber", "mobilePhone", "alternateEmailAddress", "ageGroup", "consentProvidedForMinor",
    "legalAgeGroupClassification", "companyName", "creationType", "directorySynced", "invitationState",
    "identityIssuer", "createdDateTime",
)  # fmt: skip
"""The columns of the Entra admin center's users export, in its order."""

GIVEN: Final = (
    "Ömer", "Jürgen", "Käthe", "Björn", "Sönke", "Jörg", "Grünhild", "Anna-Lena", "Hans Peter", "Zoë", "René", "Søren",
    "Łukasz", "Maria", "Thomas", "Sabine", "Wolfgang", "Ute", "Klaus", "Renate", "Dieter", "Ingrid", "Uwe", "Heike",
    "Bernd", "Monika", "Günther", "Ursula", "Matthias", "Karin", "Andreas", "Petra", "Stefan", "Brigitte", "Markus",
)  # fmt: skip
SURNAMES: Final = (
    "Müller", "Schmidt", "Schäfer", "Weiß", "Größmann", "Köhntopp", "Müller-Lüdenscheidt", "von der Heydt", "O'Brien",
    "d’Ester", "Jäger", "Böhm", "Krüger", "Voß", "Strauß", "Fuchs", "Lange", "Schulze", "Zöllner", "Yıldız", "Öztürk",
    "Kühn", "Groß", "Hübner", "Freiherr von Münchhausen", "Graf", "Kowalski", "Nguyễn", "Meier", "Mayer", "Maier",
)  # fmt: skip
JOBS: Final = ("Geschäftsführerin", "Sachbearbeiter", "Prüfer", "Ingenieurin", "Leiter, Einkauf", "IT; Betrieb", "")
STREETS: Final = ("Königstraße", "Am Grün", "Straße der Einheit", 'Platz "Alte Mühle"', "Große Bleichen", "An der B 5")
CITIES: Final = (
    ("Köln", "50667"),
    ("München", "80331"),
    ("Görlitz", "02826"),
    ("Würzburg", "97070"),
    ("Bonn", "53111"),
)

_ASCII: Final = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ë": "e", "é": "e", "ø": "o", "ł": "l",  # codespell:ignore ue
        "ı": "i", "ễ": "e", "’": "'", " ": ".",
    }
)  # fmt: skip

Row = dict[str, str]
Spoil = Callable[["_Maker", Row], Row]


@dataclass
class Export:
    """What was written, and what an import of it has to say."""

    seed: int
    rows: int = 0
    good: dict[str, Row] = field(default_factory=dict)
    """By userPrincipalName."""
    bad: dict[int, Reason] = field(default_factory=dict)
    """By line."""

    @property
    def guests(self) -> int:
        """How many of the good ones are guests."""
        return sum(row["userType"] == "Guest" for row in self.good.values())


class _Maker:
    """Makes one row after the other, and remembers what the later ones collide with."""

    def __init__(self, seed: int, domain: str, encoding: str) -> None:
        self.random = random.Random(seed)
        self.domain = domain
        self.given = [each for each in GIVEN if _fits(each, encoding)]
        self.surnames = [each for each in SURNAMES if _fits(each, encoding)]
        self.number = 0
        self.taken: list[Row] = []

    def id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def good(self) -> Row:
        """A row that is fine, odd as it may look."""
        self.number += 1
        pick = self.random.choice
        given, surname = pick(self.given), pick(self.surnames)
        local = f"{given}.{surname}{self.number}".lower().translate(_ASCII)
        street = f"{pick(STREETS)} {self.random.randrange(1, 200)}"
        if self.random.random() < 0.05:
            street += f"\nHinterhaus, {self.random.randrange(1, 5)}. Stock"
        city, postal_code = pick(CITIES)
        row = dict.fromkeys(HEADER, "") | {
            "userPrincipalName": f"{local}@{self.domain}", "displayName": f"{given} {surname}", "surname": surname,
            "givenName": given, "id": self.id(), "userType": "Member", "jobTitle": pick(JOBS), "department": "Süd",
            "accountEnabled": pick(("True", "true", "FALSE", "WAHR", "FALSCH")), "usageLocation": "DE",
            "streetAddress": street, "country": "Deutschland", "city": city, "postalCode": postal_code,
            "mail": f"{local}@{self.domain}" if self.random.random() < 0.9 else "",
            "telephoneNumber": f"+49 30 {self.random.randrange(10**6, 10**7)}", "companyName": "Böhm & Söhne GmbH",
            "createdDateTime": "2024-02-29T08:15:00Z",
        }  # fmt: skip
        chance = self.random.random()
        if chance < 0.04:
            return self._guest(row, local)
        if chance < 0.06:
            row["displayName"] = f"  {row['displayName']} "
        if chance > 0.98:
            row["userPrincipalName"] = row["userPrincipalName"].upper()
        return row

    def _guest(self, row: Row, local: str) -> Row:
        return row | {
            "userPrincipalName": f"{local}_anderswo.example#EXT#@{self.domain}", "mail": f"{local}@anderswo.example",
            "userType": "Guest", "creationType": "Invitation",
            "invitationState": self.random.choice(("Accepted", "PendingAcceptance")),
        }  # fmt: skip


def write_export(
    file: BinaryIO,
    *,
    rows: int,
    seed: int,
    domain: str,
    separator: str = ",",
    encoding: str = "utf-8",
    bad_share: float = 0.03,
) -> Export:
    """Write `rows` rows as CSV, about `bad_share` of them spoiled in every way by turns."""
    maker = _Maker(seed, domain, encoding)
    export = Export(seed)
    encoder = codecs.getincrementalencoder(encoding)()  # a mark, if any, only at the beginning
    file.write(encoder.encode(_csv(HEADER, separator)))
    line = 2
    spoils = list(SPOILS)
    damaged = 0  # the row after it is whole: what else it would swallow is anybody's guess
    while export.rows < rows:
        export.rows += 1
        row = maker.good()
        if maker.taken and maker.random.random() < bad_share:
            reason, spoil = spoils[len(export.bad) % len(spoils)]
            export.bad[line] = reason
            spoiled = spoil(maker, row)
            text = _csv([spoiled[name] for name in HEADER], separator)
        elif maker.taken and damaged < export.rows - 1 and maker.random.random() < bad_share / 4:
            damaged = export.rows
            reason, damage = DAMAGES[len(export.bad) % len(DAMAGES)]
            export.bad[line] = reason
            text = damage(_csv([row[name] for name in HEADER], separator), separator)
        else:
            maker.taken.append(row)
            export.good[row["userPrincipalName"]] = row
            text = _csv([row[name] for name in HEADER], separator)
        file.write(encoder.encode(text))
        line += text.count("\n")
    return export


def _with(**values: str) -> Spoil:
    return lambda _maker, row: row | values


def _taken_upn(maker: _Maker, row: Row) -> Row:
    """Another object id, and the UPN of somebody above in other letters."""
    upn = maker.random.choice(maker.taken)["userPrincipalName"]
    return row | {"userPrincipalName": upn.swapcase().replace("#ext#", "#EXT#")}


def _repeated(maker: _Maker, _row: Row) -> Row:
    """Somebody above once more, with another job."""
    return maker.random.choice(maker.taken) | {"jobTitle": f"anders {maker.number}"}


SPOILS: Final[tuple[tuple[Reason, Spoil], ...]] = (
    (Reason.UPN_EMPTY, _with(userPrincipalName=" ")),
    (Reason.UPN_NO_ADDRESS, lambda _, row: row | {"userPrincipalName": row["displayName"].strip()}),
    (Reason.UPN_NO_ADDRESS, lambda maker, row: row | {"userPrincipalName": f"{row['givenName']} @{maker.domain}"}),
    (Reason.UPN_FOREIGN_DOMAIN, _with(userPrincipalName="jemand@fremd.example")),
    (Reason.UPN_FOREIGN_DOMAIN, lambda maker, row: row | {"userPrincipalName": f"{row['city']}@sub.{maker.domain}"}),
    (Reason.UPN_TAKEN, _taken_upn),
    (Reason.MAIL, _with(mail="kaputt@")),
    (Reason.MAIL, _with(mail="eins@a.example; zwei@b.example")),
    (Reason.VALUE, _with(userType="Mitarbeiter")),
    (Reason.VALUE, _with(accountEnabled="vielleicht")),
    (Reason.VALUE, _with(ageGroup="Greis")),
    (Reason.ID, lambda _, row: row | {"id": row["id"][:-1]}),
    (Reason.TEXT, _with(displayName="Mül\x00ler")),
    (Reason.TEXT, _with(department="ä" * 2000)),
    (Reason.REPEATED, _repeated),
)
"""What is wrong with a value."""


def _flat(text: str) -> str:
    """The row on one line, without quotation marks: so that what is spoiled is only what we spoil."""
    return text.rstrip("\r\n").replace("\n", " ").replace('"', "")


def _open_quote(text: str, separator: str) -> str:
    first, rest = _flat(text).split(separator, 1)
    return f'{first}{separator}"{rest}\r\n'


DAMAGES: Final[tuple[tuple[Reason, Callable[[str, str], str]], ...]] = (
    (Reason.COLUMNS_TOO_MANY, lambda text, separator: f"{text.rstrip()}{separator}zu viel\r\n"),
    (Reason.COLUMNS_TOO_FEW, lambda text, separator: separator.join(text.split(separator)[:4]) + "\r\n"),
    (Reason.QUOTE_OPEN, _open_quote),
)
"""What is wrong with the row as a piece of text."""


def _csv(cells: list[str] | tuple[str, ...], separator: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerow(cells)
    return text.getvalue()


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
