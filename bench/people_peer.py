"""The same people and the same queries put to tantivy, in its best form; it is installed into a cache of its own.

It gets folded names as edge n-grams, so that a prefix is one term, and whole words for fuzzy terms. It knows no
tenants, no visibility and no order by kind of match: its own score decides.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from platformdirs import user_cache_path

from comity.core.folding import words

PEER: Final = "tantivy==0.25.1"
GRAM_MAX: Final = 12
PAGE: Final = 25


def install() -> Any:
    """The module, from the cache if it is there."""
    target = user_cache_path("comity-bench") / PEER.replace("==", "_")
    if not target.exists():
        uv = shutil.which("uv") or str(Path(__file__).parents[1] / ".dev" / "bin" / "uv")
        partial = target.with_name(target.name + ".partial")
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(partial), PEER]
        subprocess.run(command, check=True)
        partial.rename(target)
    sys.path.insert(0, str(target))
    return importlib.import_module("tantivy")


@dataclass
class Peer:
    """An index of all people."""

    tantivy: Any
    schema: Any
    searcher: Any

    @classmethod
    def over(cls, people: Sequence[tuple[str, str]]) -> Peer:
        """Index names and mails, on disk as ours."""
        tantivy = install()
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("grams", stored=False, tokenizer_name="whitespace", index_option="basic")
        builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="basic")
        builder.add_integer_field("nr", stored=True)
        schema = builder.build()
        index = tantivy.Index(schema, path=tempfile.mkdtemp(prefix="comity-bench-peer-"))
        writer = index.writer(200_000_000, 1)
        for nr, (name, mail) in enumerate(people):
            folded = [*words(name), mail.partition("@")[0]]
            grams = {word[:length] for word in folded for length in range(1, min(len(word), GRAM_MAX) + 1)}
            writer.add_document(tantivy.Document(grams=" ".join(grams), words=" ".join(words(name)), nr=nr))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return cls(tantivy, schema, index.searcher())

    def time(self, texts: Sequence[str], misspelt: Sequence[bool]) -> list[float]:
        """Milliseconds of each query, after as many to warm up."""
        for text, fuzzy in zip(texts[: len(texts) // 4], misspelt, strict=False):
            self._ask(text, fuzzy)
        times = []
        for text, fuzzy in zip(texts, misspelt, strict=True):
            begun = time.perf_counter()
            self._ask(text, fuzzy)
            times.append((time.perf_counter() - begun) * 1000)
        return times

    def _ask(self, text: str, fuzzy: bool) -> list[int]:
        """A page; what is misspelt is asked for again, as it has to be who finds nothing."""
        typed = [word[:GRAM_MAX] for word in words(text)]
        found = self._hits([self._term("grams", each) for each in typed]) if typed else []
        if fuzzy and not found:
            query = self.tantivy.Query
            found = self._hits(
                [query.fuzzy_term_query(self.schema, "words", each, 1 if len(each) < 9 else 2, True, False)
                 for each in words(text)]
            )  # fmt: skip
        return found

    def _term(self, field: str, text: str) -> Any:
        return self.tantivy.Query.term_query(self.schema, field, text)

    def _hits(self, queries: list[Any]) -> list[int]:
        must = self.tantivy.Occur.Must
        whole = self.tantivy.Query.boolean_query([(must, each) for each in queries])
        hits = self.searcher.search(whole, PAGE, count=False).hits
        return [self.searcher.doc(address)["nr"][0] for _, address in hits]
