"""What a finding is about: values that any label fits into, and a text that names exactly one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.feedback import FindingText, read_version_1
from jupyter_deployfeedback.domain.rules.language import parse_subject
from jupyter_deployfeedback.domain.rules.rule import RuleList, Subject, SubjectKind
from tests.comparison.evidence import a_finding

LABEL = st.text(alphabet=st.sampled_from('ab,:{}"\\ \n\u202esuite[=]'), max_size=6) | st.text(max_size=6)
NAMES = st.sampled_from(["city", "suite", "a:b", "digit"])
SUBJECTS = st.builds(
    Subject,
    name=st.sampled_from(["accuracy", "f1"]),
    slice=st.none() | st.tuples(NAMES, LABEL),
    point=st.none() | st.sampled_from(["quality", "quality[n=1,m=2]", "b"]),
)


@given(one=SUBJECTS, other=SUBJECTS)
def test_two_subjects_never_have_one_text(one: Subject, other: Subject) -> None:
    assert (one.text == other.text) is (one == other)


@given(label=LABEL, key=NAMES)
def test_a_rule_names_any_label_as_its_finding_is_read(label: str, key: str) -> None:
    subject = Subject(name="accuracy", slice=(key, label))

    assert parse_subject(subject.text) == subject
    assert subject.text.isprintable()


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("8", "accuracy{city:8}"),
        ("Paris, France", 'accuracy{city:"Paris, France"}'),
        ("", 'accuracy{city:""}'),
        (" a", 'accuracy{city:" a"}'),
        ("two\nlines", 'accuracy{city:"two\\nlines"}'),
        ("Zürich", "accuracy{city:Zürich}"),
    ],
)
def test_a_label_is_quoted_where_it_would_be_misread(label: str, text: str) -> None:
    assert Subject(name="accuracy", slice=("city", label)).text == text


@pytest.mark.parametrize(
    ("rule", "expression", "subject"),
    [
        ("accuracy", ">=0.95", Subject(name="accuracy")),
        ("accuracy{digit:8}", "warn: >=-1pp", Subject(name="accuracy", slice=("digit", "8"))),
        ("accuracy{city:Paris, France}", ">=0.9", Subject(name="accuracy", slice=("city", "Paris, France"))),
        ("accuracy{suite:quality[n=1,m=2]}", ">=0.9", Subject(name="accuracy", point="quality[n=1,m=2]")),
        ("accuracy{digit:8,suite:q}", "fail: <0.9", Subject(name="accuracy", slice=("digit", "8"), point="q")),
        ("accuracy{digit}", ">=0.9", Subject(name="accuracy", slice=("digit", None))),
        ("suite quality", "", Subject(kind=SubjectKind.SUITE, name="quality")),
        ("model version", "", Subject(kind=SubjectKind.MODEL_VERSION)),
        ("target candidate", "", Subject(kind=SubjectKind.TARGET, name="candidate")),
        ("baseline", "", Subject(kind=SubjectKind.BASELINE)),
    ],
)
def test_a_finding_of_schema_version_1_is_read_as_values(rule: str, expression: str, subject: Subject) -> None:
    stored = {"rule": rule, "expression": expression, "verdict": "pass", "sentence": "It holds."}

    found = FindingText.model_validate(stored)

    assert (found.subject, found.expression_text) == (subject, expression)
    assert (found.rule, found.expression) == (rule, expression)


def test_a_condition_of_a_fail_list_is_read_as_what_it_breaks() -> None:
    found = a_finding("accuracy", "fail: <0.9", verdict="pass")

    assert found.listed is RuleList.FAIL
    assert found.condition is not None
    assert (found.condition.comparator, found.condition.limit) == (">=", 0.9)
    assert found.name == "accuracy fail: <0.9"


@given(rule=st.text(max_size=20), expression=st.text(max_size=20))
def test_any_text_of_schema_version_1_is_read(rule: str, expression: str) -> None:
    assert set(read_version_1(rule, expression)) >= {"subject"}
