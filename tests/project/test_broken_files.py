"""Every way to break a project file names the line, the key, what is wrong and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.project.conftest import Complain, Load

GOOD = """\
targets:
  candidate: {url: "http://127.0.0.1:8000"}
suites: [suites/smoke.ipynb]
"""


class Broken(NamedTuple):
    claim: str
    text: str
    line: int
    key: str
    problem: str
    remedy: str


def target(line: str) -> str:
    return f"suites: [suites/smoke.ipynb]\ntargets:\n  candidate:\n    url: http://127.0.0.1:8000\n    {line}\n"


def suite(line: str) -> str:
    return f"targets: {{a: {{url: 'http://127.0.0.1:1'}}}}\nsuites:\n  - {line}\n"


AT = "targets.candidate"
TABLE = [
    Broken("empty file", "# nothing\n", 0, "", "is empty", "init"),
    Broken("a list at the top", "- a\n", 1, "", "must hold keys", "targets"),
    Broken("no targets", "suites: [suites/smoke.ipynb]", 1, "targets", "missing", "url"),
    Broken("no suites", "targets: {a: {url: 'http://h'}}", 1, "suites", "missing", "suites/smoke.ipynb"),
    Broken("suites left empty", "targets: {a: {url: 'http://h'}}\nsuites: []", 2, "suites", "at least 1", "smoke"),
    Broken("suites without a value", "targets: {a: {url: 'http://h'}}\nsuites:\n", 2, "suites", "not nothing", "["),
    Broken("misspelt key", GOOD + "baselnie: x\n", 4, "baselnie", "not a known key", 'Did you mean "baseline"?'),
    Broken("key nobody knows", GOOD + "colour: x\n", 4, "colour", "not a known key", "Known here: version, name"),
    Broken("misspelt key inside", target("tiemout: 3"), 5, f"{AT}.tiemout", "not a known key", '"timeout"'),
    Broken("default that is no target", GOOD + "default_target: candidat\n", 4, "default_target", "is not a target", "Write one of"),
    Broken("later format", GOOD + "version: 2\n", 4, "version", '"2" is not supported', "Supported: 1."),
    Broken("key twice", GOOD + "name: a\nname: b\n", 5, "name", "second time (first on line 4)", "Keep one"),
    Broken("target twice", GOOD.replace("suites", "  candidate: {url: 'http://h'}\nsuites", 1), 3, AT, "second", "Keep"),
    Broken("protocol of later", target("protocol: v2"), 5, f"{AT}.protocol", '"v2" is not supported', "Supported: rest."),
    Broken("unknown source", target("platform: {source: cloudwatch}"), 5, f"{AT}.platform.source", "cloudwatch", "scrape"),
    Broken("source misspelt", target("platform: promethius"), 5, f"{AT}.platform", "promethius", '"prometheus"?'),
    Broken(
        "unknown preset",
        target("platform: {source: prometheus, url: http://h, labels: {job: j}, preset: triton}"),
        5,
        f"{AT}.platform.preset",
        '"triton" is not supported',
        "Supported: process, kubernetes.",
    ),
    Broken("preset without server", target("platform: {preset: kubernetes}"), 5, f"{AT}.platform.preset", "Prometheus", "source"),
    Broken("server without address", target("platform: {source: prometheus, labels: {job: j}}"), 5, f"{AT}.platform", "missing", "9090"),
    Broken("labels that select all", target("platform: {source: prometheus, url: 'http://h'}"), 5, f"{AT}.platform", "every series", "job"),
    Broken("version as number", target("expect_version: 2.10"), 5, f"{AT}.expect_version", "not a number", '"2.10"'),
    Broken("no duration", target("timeout: 5 parsecs"), 5, f"{AT}.timeout", "not a duration", "5min"),
    Broken("no time at all", target("timeout: 0s"), 5, f"{AT}.timeout", "longer than nothing", "30s"),
    Broken("secret written down", target("auth: {bearer: abc123}"), 5, f"{AT}.auth.bearer", "the secret itself", "env:NAME"),
    Broken("secret in a header", target("auth: {headers: {X: abc}}"), 5, f"{AT}.auth.headers.X", "the secret itself", "env:NAME"),
    Broken(
        "secret among plain headers",
        target("request: {headers: {Authorization: Bearer abc}}"),
        5,
        f"{AT}.request.headers.Authorization",
        "looks like a secret",
        "auth: headers",
    ),
    Broken("secret in the body", target("request: {body: {api_key: x, i: $inputs}}"), 5, f"{AT}.request.body.api_key", "secret", "header"),
    Broken("body without inputs", target("request: {body: {inputs: here}}"), 5, f"{AT}.request.body", "$inputs", "{inputs: $inputs}"),
    Broken("body with both", target("request: {body: [$input, $inputs]}"), 5, f"{AT}.request.body", "one of", "single"),
    Broken("path without slash", target("health: ready"), 5, f"{AT}.health", "path on the server", "/ready"),
    Broken("no answer path", target("response: {predictions: predictions}"), 5, f"{AT}.response.predictions", "no path", "$"),
    Broken("target that is a text", "targets: {a: http}\nsuites: [suites/smoke.ipynb]", 1, "targets.a", "keys with values", "a: {url:"),
    Broken("target named as a word of ours", "targets:\n  none: {url: 'http://h'}\nsuites: [suites/smoke.ipynb]", 2, "targets.none", "another meaning", "another name"),
    Broken("target's name with a blank", "targets:\n  a b: {url: 'http://h'}\nsuites: [suites/smoke.ipynb]", 2, "targets.a b", "not a name", "letters"),
    Broken("password in the address", "targets:\n  a:\n    url: http://me:pw@h\nsuites: [suites/smoke.ipynb]", 3, "targets.a.url", "user or password", "auth"),
    Broken("address of a file", "targets:\n  a:\n    url: file:///x\nsuites: [suites/smoke.ipynb]", 3, "targets.a.url", "not an http", "http://127.0.0.1:8000"),
    Broken("address with a port that is none", "targets:\n  a: {url: 'http://h:port'}\nsuites: [suites/smoke.ipynb]", 2, "targets.a.url", "not an address", "http://"),
    Broken("address with a query", "targets:\n  a: {url: 'http://h/?a=1'}\nsuites: [suites/smoke.ipynb]", 2, "targets.a.url", "before the ?", "path"),
    Broken("variable that is not set", "targets:\n  a: {url: '${WHERE}/x'}\nsuites: [suites/smoke.ipynb]", 2, "targets.a.url", "WHERE, which is not set", "${WHERE:-"),
    Broken("variable not closed", "targets:\n  a: {url: 'http://${X'}\nsuites: [suites/smoke.ipynb]", 2, "targets.a.url", "not understood", "${NAME:-default}"),
    Broken("variable elsewhere", target("model: ${MODEL}"), 5, f"{AT}.model", "only in addresses", "the value itself"),
    Broken("baseline nobody declared", GOOD + "baseline: relesed\n", 4, "baseline", '"relesed" is not a target', "candidate, last-release"),
    Broken("baseline against itself", GOOD + "baseline: candidate\n", 4, "baseline", "only target", "last-release"),
    Broken("suite of nothing", suite("{max_age: 1h}"), 3, "suites[0]", "names nothing to run", "notebook"),
    Broken("suite of two things", suite("{notebook: a.ipynb, results: a.json}"), 3, "suites[0]", "names notebook and results", "Make a suite of each"),
    Broken("results with parameters", suite("{results: a.json, parameters: {n: 1}}"), 3, "suites[0]", "has parameters, which results cannot take", "Delete"),
    Broken("notebook with an age", suite("{notebook: suites/smoke.ipynb, max_age: 1h}"), 3, "suites[0]", "has max_age, which only a suite with results can have", "Delete"),
    Broken("results elsewhere", suite("{results: ../a.json}"), 3, "suites[0].results", "outside the project's folder", "into the folder"),
    Broken("results without a name for metrics", suite("{results: 6.json}"), 3, "suites[0].results", "cannot begin the name of a metric", "name: load"),
    Broken("evidence of no kind", suite("{results: a.json, evidence: strong}"), 3, "suites[0].evidence", '"strong" is not supported', "point"),
    Broken("suite that is missing", suite("suites/smok.ipynb"), 3, "suites[0].notebook", "does not exist", '"suites/smoke.ipynb"?'),
    Broken("suite outside the folder", suite("../smoke.ipynb"), 3, "suites[0].notebook", "outside", "Copy"),
    Broken("suite by absolute path", suite("/etc/smoke.ipynb"), 3, "suites[0].notebook", "outside", "Copy"),
    Broken("suite by address", suite("s3://bucket/smoke.ipynb"), 3, "suites[0].notebook", "is an address", "copy"),
    Broken("suite that is no notebook", suite("suites/smoke.txt"), 3, "suites[0].notebook", "not a notebook", ".ipynb"),
    Broken("suite by a path with a NUL", suite('"suites/\\0.ipynb"'), 3, "suites[0].notebook", "embedded null byte", "Check the path"),
    Broken("features by an endless path", suite("{features: " + "x" * 300 + "}"), 3, "suites[0].features", "File name too long", "Check the path"),
    Broken("targets in a list", "targets: [{name: a, url: 'http://h'}]\nsuites: [suites/smoke.ipynb]", 1, "targets", "must be keys with values, not a list", "candidate: {url:"),
    Broken("suites as keys", "targets: {a: {url: 'http://h'}}\nsuites: {smoke: suites/smoke.ipynb}", 2, "suites", "must be a list, not keys", "[suites/smoke.ipynb]"),
    Broken("rules as keys", GOOD + "rules: {metric: accuracy, pass: '>0.9'}\n", 4, "rules", "must be a list, not keys", "[{metric: accuracy"),
    Broken("metrics in a list", GOOD + "metrics: [{query: up}]\n", 4, "metrics", "must be keys with values, not a list", "query:"),
    Broken("address left empty", "targets:\n  a: {url: null}\nsuites: [suites/smoke.ipynb]", 2, "targets.a.url", "must be text, not nothing", "url: '${MODEL_URL"),
    Broken("word that YAML takes for false", target("model: no"), 5, f"{AT}.model", "must be text, not true or false", 'model: "no"'),
    Broken("baseline without targets", "baseline: a\nsuites: [suites/smoke.ipynb]", 1, "targets", "is missing", "candidate"),
    Broken("suite that is a number", suite("7"), 3, "suites[0]", "must be keys with values, not a number", "suites: ["),
    Broken("features that are missing", suite("{features: featurs/}"), 3, "suites[0].features", "featurs does not exist", "relative"),
    Broken("suite of nothing", suite("{timeout: 3s}"), 3, "suites[0]", "names nothing to run", "features: features/"),
    Broken("suite of two things", suite("{notebook: suites/smoke.ipynb, features: suites}"), 3, "suites[0]", "notebook and features", "each"),
    Broken("features by no expression", suite("{features: suites, name: '('}"), 3, "suites[0]", "not a regular expression", "gather"),
    Broken("notebook by no name", suite("{notebook: suites/smoke.ipynb, name: 'a b'}"), 3, "suites[0]", "is not a name", "letters"),
    Broken("features with parameters", suite("{features: suites, parameters: {n: 1}}"), 3, "suites[0]", "features cannot take", "kernels: environment"),
    Broken("features with cells", suite("{features: features/, cell_timeout: 1s}"), 3, "suites[0]", "has cell_timeout, which only a suite with notebook", "Delete"),
    Broken("notebook with a Python", suite("{notebook: suites/smoke.ipynb, python: x}"), 3, "suites[0]", "has python, which only a suite with features", "Delete"),
    Broken("kind without a source", suite("{kind: words}"), 3, "suites[0]", "without a source", "source:"),
    Broken("chaos experiment", suite("{experiment: a.yaml}"), 3, "suites[0].experiment", "its journal can be a suite", "notebook"),
    Broken("suite name twice", suite("suites/smoke.ipynb\n  - {notebook: suites/smoke.ipynb}"), 4, "suites[1]", 'name "smoke" of the suite on line 3', "smoke-2"),
    Broken("parameter that is a secret", suite("{notebook: suites/smoke.ipynb, parameters: {api_token: x}}"), 3, "suites[0].parameters.api_token", "never a parameter", "auth"),
    Broken("parameter that is no text, number or list", suite("{notebook: suites/smoke.ipynb, parameters: {a: {b: !!binary aGk=}}}"), 3, "suites[0].parameters.a", "is not a parameter", "mappings"),
    Broken("secret inside a parameter", suite("{notebook: suites/smoke.ipynb, parameters: {a: [{api_token: x}]}}"), 3, "suites[0].parameters.a", "looks like a secret", "auth"),
    Broken("pattern without a match", suite("'suites/*.md'"), 3, "suites[0].notebook", "suites/*.md matches no notebook", "suites/*.ipynb"),
    Broken("folder outside", suite("../"), 3, "suites[0].notebook", "lies outside", "into the folder"),
    Broken("kernel of features", suite("{features: suites/, kernel: ir}"), 3, "suites[0]", "has kernel", "Delete"),
    Broken("parameter with a dash", suite("{notebook: suites/smoke.ipynb, parameters: {my-n: 1}}"), 3, "suites[0].parameters.my-n", "variable", "digits and _"),
    Broken("neither true nor false", suite("{notebook: suites/smoke.ipynb, exclusive: perhaps}"), 3, "suites[0].exclusive", "true or false", "exclusive: true"),
    Broken("rule without metric", GOOD + "rules:\n  - {pass: '<1%'}\n", 5, "rules[0].metric", "missing", "metric: accuracy"),
    Broken("rule without condition", GOOD + "rules:\n  - {metric: accuracy, pass: []}\n", 5, "rules[0].pass", "no condition", ">=0.95"),
    Broken("rule that cannot be read", GOOD + "rules:\n- metric: latency\n  pass:\n  - p(95)<3s\n  - p95<3s\n", 8, "rules[0].pass[1]", "at character 1 of 'p95<3s'", "p(95)"),
    Broken("rule without unit", GOOD + "rules:\n- metric: latency\n  pass:\n  - p(95)<300\n", 7, "rules[0].pass[0]", "unit is missing (at character 10", "ms"),
    Broken("rules that contradict each other", GOOD + "rules:\n- {metric: accuracy, pass: ['>0.9', '<0.8']}\n", 5, "rules[0]", "contradict", "Drop"),
    Broken("two rules that contradict each other", GOOD + "rules:\n- {metric: accuracy, pass: '>0.9'}\n- {metric: accuracy, pass: '<0.8'}\n", 6, "rules[1]", "contradict", "Drop"),
    Broken("a rule written twice", GOOD + "rules:\n- {metric: accuracy, pass: '>=0.9'}\n- metric: accuracy\n  pass:\n  - '>= 0.9'\n", 8, "rules[1].pass[0]", "in line 5 already", "Drop"),
    Broken("a condition written twice", GOOD + "rules:\n- {metric: accuracy, warn: '>0.8', pass: ['>0.9', '>0.9']}\n", 5, "rules[0].pass[1]", "in line 5 already", "Drop"),
    Broken("a slice asked for twice", GOOD + "rules:\n- {metric: f1, pass: '>0.9', slices: [digit]}\n- {metric: f1, pass: '>0.9', slices: [digit, hand]}\n", 6, "rules[1].pass[0]", "in line 5 already", "Drop"),
    Broken("a condition in two spellings", GOOD + "rules:\n- {metric: accuracy, pass: ['>=0.95', '>=95%']}\n", 5, "rules[0].pass[1]", "in line 5 already", "Drop"),
    Broken("slice of what has none", GOOD + "rules:\n- {metric: 'throughput{ city: x }', pass: ['>1', '<100']}\n", 5, "rules[0].metric", "throughput has no slices", "accuracy"),
    Broken("label that is no string", GOOD + "rules:\n- {metric: 'accuracy{city:\"a\\q\"}', pass: '>0.5'}\n", 5, "rules[0].metric", "is no label", "JSON string"),
    Broken("metric misspelt", GOOD + "rules:\n- pass: ['>0.9', '>-1pp']\n  metric: acuracy\n", 6, "rules[0].metric", "no metric 'acuracy'", "accuracy"),
    Broken("rule as a number", GOOD + "rules:\n  - {metric: accuracy, pass: 0.95}\n", 5, "rules[0].pass", "text or a list", ">=0.95"),
    Broken("on_fail that is no word of ours", GOOD + "rules: [{metric: a, pass: '<1', on_fail: warning}]\n", 4, "rules[0].on_fail", '"warning"', '"warn"?'),
    Broken("axis without a list", suite("{notebook: suites/smoke.ipynb, matrix: {n: 5}}"), 3, "suites[0].matrix.n", "is not a list", "[100, 200]"),
    Broken("axis without values", suite("{notebook: suites/smoke.ipynb, matrix: {n: []}}"), 3, "suites[0].matrix.n", "is not a list", "[100, 200]"),
    Broken("axis of lists", suite("{notebook: suites/smoke.ipynb, matrix: {n: [[1], 2]}}"), 3, "suites[0].matrix.n", "holds a list", "one value"),
    Broken("axis of mappings", suite("{notebook: suites/smoke.ipynb, matrix: {n: [{a: 1}]}}"), 3, "suites[0].matrix.n", "holds a list, a mapping", "one value"),
    Broken("value twice", suite("{notebook: suites/smoke.ipynb, matrix: {n: [1, '1']}}"), 3, "suites[0].matrix.n", "has 1 twice", "once"),
    Broken("axis and parameter", suite("{notebook: suites/smoke.ipynb, matrix: {n: [1]}, parameters: {n: 2}}"), 3, "suites[0].matrix.n", "one of the parameters", "one of the two"),
    Broken("axis that is no variable", suite("{notebook: suites/smoke.ipynb, matrix: {'my n': [1]}}"), 3, "suites[0].matrix.my n", "cannot be a variable", "letters"),
    Broken("secret axis", suite("{notebook: suites/smoke.ipynb, matrix: {api_token: [hunter2]}}"), 3, "suites[0].matrix.api_token", "looks like a secret", "auth"),
    Broken("endless matrix", suite("{notebook: suites/smoke.ipynb, matrix: {a: " + str(list(range(30))) + ", b: " + str(list(range(30))) + "}}"), 3, "suites[0].matrix", "has 900 points", "Leave"),
    Broken("no suite at once", GOOD + "parallel: 0\n", 4, "parallel", "greater than or equal to 1", "2"),
    Broken("no data that passes", GOOD + "rules: [{metric: a, pass: '<1', on_no_data: pass}]\n", 4, "rules[0].on_no_data", '"pass"', "error, fail, zero"),
    Broken("no data that is zero everywhere", GOOD + "on_no_data: zero\n", 4, "on_no_data", '"zero"', "error, fail"),
    Broken(
        "zero without a proof",
        GOOD + "metrics: {lost: {query: up}}\nrules:\n  - {metric: lost, pass: '<=5', on_no_data: zero}\n",
        6,
        "rules[0].on_no_data",
        "nothing proves that the counter exists",
        "exists:",
    ),
    Broken(
        "zero of the baseline",
        GOOD + "metrics: {lost: {query: up, exists: up}}\nrules:\n  - metric: lost\n    on_no_data: zero\n    pass: ['<=5', '<=+1']\n",
        8,
        "rules[0].pass[1]",
        "says nothing of the baseline",
        "<=5",
    ),
    Broken(
        "small slices without slices",
        GOOD + "rules:\n  - {metric: accuracy, pass: '>0.9', on_small_slice: info}\n",
        5,
        "rules[0].on_small_slice",
        "without slices",
        "slices: [NAME]",
    ),
    Broken("small slices that pass", GOOD + "on_small_slice: pass\n", 4, "on_small_slice", '"pass"', "inconclusive, info"),
    Broken("more of no notebook", suite("{kind: chaos, source: suites/smoke.ipynb, more: n}"), 3, "suites[0].more", "no notebook", "Drop"),
    Broken("no look at all", GOOD + "looks: 0\n", 4, "looks", "greater than or equal to 1", "looks: 2"),
    Broken("too many looks", GOOD + "looks: 4\n", 4, "looks", "less than or equal to 3", "looks: 2"),
    Broken("confidence in percent", GOOD + "confidence: 95\n", 4, "confidence", "less than 1", "0.95"),
    Broken("metric with a standard name", GOOD + "metrics: {cpu_max: {query: up}}\n", 4, "metrics.cpu_max", "standard metric", "another name"),
    Broken("tag without version", GOOD + "release: {tag: latest}\n", 4, "release.tag", "{version}", "v{version}"),
    Broken("tag git refuses", GOOD + "release: {tag: 'v {version}'}\n", 4, "release.tag", "git", "v{version}"),
    Broken("variable with its value", GOOD + "kernels: {environment: ['A=1']}\n", 4, "kernels.environment[0]", "not the name", "only the name"),
]  # fmt: skip


@pytest.mark.parametrize("broken", TABLE, ids=[broken.claim for broken in TABLE])
def test_broken_file_names_line_key_problem_and_remedy(broken: Broken, complain: Complain, folder: Path) -> None:
    problems = complain(broken.text)

    found = [
        problem for problem in problems if problem.key.startswith(broken.key) and broken.problem in problem.problem
    ]
    assert [problem.line or 0 for problem in found] == [broken.line], problems
    assert broken.remedy in found[0].remedy
    assert found[0].file == str(folder / "deployfeedback.yaml")


@pytest.mark.parametrize("broken", TABLE, ids=[broken.claim for broken in TABLE])
def test_one_mistake_is_one_problem(broken: Broken, complain: Complain) -> None:
    problems = complain(broken.text)

    assert len(problems) == 1, problems


def test_good_file_that_the_table_breaks_is_good(load: Load) -> None:
    assert load(GOOD).default_target == "candidate"
    assert load(target("timeout: 3")).targets["candidate"].timeout_seconds == 3.0
    assert load(suite("suites/smoke.ipynb")).suites[0].name == "smoke"


def test_all_problems_of_all_sections_are_named_at_once_in_their_order(complain: Complain) -> None:
    problems = complain(
        """\
        baseline: relesed
        targets:
          candidate: {url: nowhere}
          released: {url: "http://h", auth: {bearer: abc}}
        suites:
          - suites/gone.ipynb
          - {notebook: suites/smoke.ipynb, parameters: {password: x}}
        rules:
          - {metric: accuracy, pass: "0.95"}
        realease: {}
        """
    )

    assert [(problem.line, problem.key) for problem in problems] == [
        (1, "baseline"),
        (3, "targets.candidate.url"),
        (4, "targets.released.auth.bearer"),
        (6, "suites[0].notebook"),
        (7, "suites[1].parameters.password"),
        (9, "rules[0].pass[0]"),
        (10, "realease"),
    ]


def test_problem_reads_as_place_key_problem_remedy(complain: Complain, folder: Path) -> None:
    (problem,) = complain(target("protocol: v2"))

    expected = f'{folder}/deployfeedback.yaml:5: targets.candidate.protocol: "v2" is not supported. Supported: rest.'
    assert str(problem) == expected


@pytest.mark.parametrize(
    "text",
    [
        target("auth: {bearer: hunter2hunter2}"),
        target("auth: {bearer: 20261120}"),
        target("request: {headers: {Cookie: hunter2hunter2}}"),
        GOOD.replace("http://", "http://me:hunter2hunter2@"),
        suite("{notebook: suites/smoke.ipynb, parameters: {password: hunter2hunter2}}"),
    ],
)
def test_secret_is_never_repeated_in_a_message(text: str, complain: Complain) -> None:
    said = "\n".join(str(problem) for problem in complain(text))

    assert "hunter2" not in said
    assert "20261120" not in said


def test_secret_in_a_variable_of_an_address_is_refused_without_repeating_it(complain: Complain) -> None:
    text = GOOD.replace("http://127.0.0.1:8000", "${WHERE}")

    (problem,) = complain(text, environment={"WHERE": "http://me:hunter2@host"})

    assert "user or password" in problem.problem
    assert "hunter2" not in str(problem)
