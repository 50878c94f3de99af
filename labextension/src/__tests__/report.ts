/** A report and its parts, as plain as they can be, to be changed by each test. */

import type { ExampleRow, Finding, MetricRow, Report, SuiteRow } from '../view';

export function aFinding(change: Partial<Finding> = {}): Finding {
  return {
    subject: { kind: 'metric', name: 'accuracy', slice: null, point: null },
    condition: null,
    listed: 'pass',
    reason: null,
    facts: {},
    rule: 'accuracy',
    expression: '>=0.95',
    verdict: 'pass',
    standing: 'counted',
    sentence: 'Accuracy is 97.4 %.',
    value: 0.974,
    unit: 'share',
    limit: 0.95,
    candidate: 0.974,
    baseline: 0.978,
    interval: [0.96, 0.98],
    confidence: 0.9,
    n: 500,
    n_more: null,
    method: 'clopper-pearson',
    look: [1, 2],
    failures: [],
    metric_unit: 'share',
    text: {
      subject: 'accuracy',
      value: '97.4 % [96.0, 98.0]',
      limit: '\u2265 95 %',
      candidate: '97.4 %',
      baseline: '97.8 %',
      n: '500 examples',
      method: 'Clopper-Pearson interval of a share'
    },
    ...change
  };
}

export function aMetric(change: Partial<MetricRow> = {}): MetricRow {
  return {
    family: 'model',
    name: 'accuracy',
    point: null,
    unit: 'share',
    better: 'higher',
    value: 0.974,
    n: 500,
    missing_because: null,
    baseline: 0.978,
    difference: -0.004,
    interval: [-0.01, 0.002],
    change: 'unchanged',
    source: 'suites/quality.ipynb',
    query: null,
    notices: [],
    text: {
      label: 'accuracy',
      value: '97.4 %',
      baseline: '97.8 %',
      difference: '\u22120.40 pp [\u22121.0, +0.2]'
    },
    ...change
  };
}

export function aSuiteRow(change: Partial<SuiteRow> = {}): SuiteRow {
  return {
    name: 'quality',
    kind: 'notebook',
    source: 'suites/quality.ipynb',
    outcome: 'passed',
    reason: null,
    duration_seconds: 3,
    artifact: null,
    kernel: null,
    notices: [],
    cases: [],
    ...change
  };
}

export function anExample(change: Partial<ExampleRow> = {}): ExampleRow {
  return {
    example_id: 'digits-12',
    suite: 'quality',
    truth: 8,
    candidate: 1,
    baseline: 8,
    slices: { digit: '8' },
    picture: null,
    points: 1,
    ...change
  };
}

export function aReport(change: Partial<Report> = {}): Report {
  return {
    schema_version: 2,
    run: {
      run_id: 'r1',
      state: 'finished',
      project: 'digits',
      target: 'candidate',
      baseline: 'released',
      commit: '4f1c2d9e8b7a',
      dirty: false,
      written: [],
      no_commit: '',
      first_release: false,
      paired: true,
      started_at: '2026-11-20T09:30:01Z',
      finished_at: '2026-11-20T09:30:11Z',
      duration_seconds: 10,
      window_seconds: 9,
      self_test: '',
      look: [1, 2],
      continues: null,
      attempts: 1,
      url: 'http://127.0.0.1:8002',
      model_version: '2.1.0',
      baseline_version: '2.0.0',
      namespace: null,
      baseline_namespace: null,
      page: null
    },
    verdict: 'pass',
    gate: 'open',
    exit_code: 0,
    headline: 'Pass: digits candidate 2.1.0 may be released.',
    next_step: 'Tag the release.',
    notices: [],
    findings: [aFinding()],
    failures: [],
    metrics: [],
    suites: [],
    examples: { broken: [], fixed: [] },
    changes: [],
    distributions: [],
    series: [],
    digests: [],
    imported: null,
    waivers: [],
    windows: [],
    continuing: null,
    ...change
  };
}
