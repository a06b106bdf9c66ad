"""What can go wrong with the database, as facts."""

from __future__ import annotations

from comity.core.errors import ComityError, Conflict, Invalid, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database-unavailable"


class PoolExhausted(Unavailable):
    """Every connection is in use and the wait is over."""

    code = "database-busy"


class SchemaNewer(ComityError):
    """The data directory belongs to a newer Comity."""

    code = "schema-newer"


class SchemaOlder(ComityError):
    """The database has not been migrated to this Comity's schema."""

    code = "schema-older"


class SchemaChanged(ComityError):
    """A migration was applied in another form than this Comity has it."""

    code = "schema-changed"


class RolesMissing(ComityError):
    """The login role may not create the roles that Comity needs."""

    code = "roles-missing"


class RolesFaulty(ComityError):
    """Roles of Comity's names exist and can do more, or less, than Comity allows."""

    code = "roles-faulty"


class SchemaForbidden(ComityError):
    """The login role may not make the schema in this database."""

    code = "schema-forbidden"


class StatementTooSlow(Unavailable):
    """A statement took longer than it may."""

    code = "statement-too-slow"


class Collided(Conflict):
    """Another transaction was at the same rows at the same time; nothing was changed."""

    code = "collision"


class RetriesExhausted(Conflict):
    """The transaction collided with others again and again."""

    code = "collided"


class Duplicate(Conflict):
    """Something of that name or key exists; `constraint` says which rule."""

    code = "duplicate"


class ValueRefused(Invalid):
    """The database cannot hold a value: too long for an index, a character it does not know."""

    code = "value-refused"
