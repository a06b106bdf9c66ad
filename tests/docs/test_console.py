"""The reader of transcripts, which the tests of README and tutorial rely on."""

from __future__ import annotations

from pathlib import Path

from tests.docs.console import Shell, commands_of, missing_lines


def test_a_block_is_commands_and_what_they_print(tmp_path: Path):
    """A reader sees both, so both are checked."""
    page = tmp_path / "page.md"
    page.write_text("Words.\n\n```console\n$ echo a \\\n  b\na b\n$ true\n```\n\n```text\n$ not this\n```\n")

    first, second = commands_of(page)

    assert (first.line, first.text, first.shown) == (4, "echo a \\\n  b", ("a b",))
    assert (second.text, second.shown, second.exit_code) == ("true", (), 0)


def test_a_file_may_be_typed_in(tmp_path: Path):
    """A here-document belongs to its command; what follows it is printed."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cat > a.csv <<END\nit's one\n$ two\nEND\n$ cat a.csv\nit's one\n```\n")

    first, second = commands_of(page)

    assert (first.text, first.shown) == ("cat > a.csv <<END\nit's one\n$ two\nEND", ())
    assert second.shown == ("it's one",)


def test_a_block_may_say_that_it_fails(tmp_path: Path):
    """What goes wrong is worth showing, too."""
    page = tmp_path / "page.md"
    page.write_text("```console exit=1\n$ false\n```\n")

    assert commands_of(page)[0].exit_code == 1


def test_shown_lines_must_be_printed_in_order():
    """`…` stands for anything; a line that never came is named."""
    assert missing_lines(("id …", "done"), "id 17\nbetween\ndone\n") == []
    assert missing_lines(("done", "id …"), "id 17\ndone\n") == ["id …"]
    assert missing_lines(("two  blanks",), "two blanks\n") == []


def test_a_shell_keeps_its_variables(tmp_path: Path):
    """A page may take a token in one command and use it in the next."""
    shell = Shell(tmp_path, {"PATH": "/usr/bin:/bin"})

    shell.run("export TOKEN=$(echo 1 2)")

    assert shell.run('echo "[$TOKEN]"').stdout == "[1 2]\n"
    assert shell.run("exit 3").returncode == 3
