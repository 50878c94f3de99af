"""Releases and the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, make_url, select

from jupyter_deployfeedback.domain.run import Release
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.store import Store, schema, tables
from jupyter_deployfeedback.store.database import Database
from tests.comparison.evidence import recorded, suite_result
from tests.store.conftest import make_evidence, make_report

Make = Callable[..., Any]


def release(tag: str = "v2.1.0", **changes: Any) -> Release:
    made = Release(
        version=tag[1:],
        tag=tag,
        commit="a" * 40,
        run_id="20261120-120000-a1b2c3",
        project_file="/digits/deployfeedback.yaml",
        verdict=Verdict.WARN,
        created_at="2026-11-20T13:00:00+01:00",
        notices=("HEAD has moved on.",),
    )
    return made.model_copy(update=changes)


def test_releases_come_back_newest_first_and_by_project(store: Store) -> None:
    first, second = release("v2.0.0"), release("v1.9.9", created_at=release().created_at)
    other = release(project_file="/other/deployfeedback.yaml")
    for each in (first, second, other):
        store.add_release(each)

    assert store.releases(first.project_file) == [second, first]
    assert store.last_release(first.project_file) == second


def test_there_is_no_last_release_before_the_first(store: Store) -> None:
    assert store.last_release("/digits/deployfeedback.yaml") is None


def test_numbers_of_the_last_release_are_those_its_suites_recorded(store: Store, start: Make) -> None:
    seen, run_id = recorded("mean_confidence", 0.9), start().run_id
    evidence = make_evidence().model_copy(update={"suites": (suite_result(observations=(seen,)),)})
    store.claim(run_id)
    store.finish(run_id, evidence, make_report(run_id))
    store.add_release(release(run_id=run_id))

    assert store.recorded_by_release("/digits/deployfeedback.yaml") == (seen,)


def test_there_are_no_numbers_of_a_release_that_is_not_there_or_whose_run_is_gone(store: Store) -> None:
    assert store.recorded_by_release("/digits/deployfeedback.yaml") == ()
    store.add_release(release())
    assert store.recorded_by_release("/digits/deployfeedback.yaml") == ()


def test_same_release_only_learns_where_it_was_pushed(store: Store) -> None:
    made = release()
    store.add_release(made)

    store.add_release(release(pushed_to="origin", run_id="20261120-130000-ffffff"))
    again = store.add_release(release())

    assert again.pushed_to == "origin"
    assert store.releases(made.project_file) == [made.model_copy(update={"pushed_to": "origin"})]


def test_tag_that_was_deleted_and_made_anew_at_another_commit_is_the_newest_release(store: Store) -> None:
    for each in (release("v1.0.0"), release("v1.1.0"), release("v1.0.0", commit="b" * 40)):
        store.add_release(each)

    assert [(each.tag, each.commit[0]) for each in store.releases(release().project_file)] == [
        ("v1.0.0", "b"),
        ("v1.1.0", "a"),
    ]


def test_migrations_make_exactly_the_tables_the_code_uses(store: Store) -> None:
    with Database(make_url(store.url)).read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})

        assert compare_metadata(context, tables.metadata) == []


def test_run_that_is_deleted_takes_its_events_and_documents_along(store: Store, start: Make, finish: Make) -> None:
    finish(start())
    database = Database(make_url(store.url))

    with database.write() as connection:
        connection.execute(delete(tables.runs))

    with database.read() as connection:
        left = [connection.execute(select(table)).all() for table in (tables.events, tables.documents)]
    assert left == [[], []]


def test_newest_migration_is_the_one_the_fast_path_expects() -> None:
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.HEAD]
