import { fireEvent, screen, within } from '@testing-library/react';
import { UNREAD } from '../models/releases';
import { finished, show } from './shown';
import { aFinding, aSuiteRow, aReport, anExample } from './report';
import { aProject, aRun } from './wire';

const PAYLOAD = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>';

describe('the feedback', () => {
  it('says the verdict in a word and a sentence', () => {
    show({ run: finished() });
    const verdict = within(screen.getByRole('region', { name: 'Verdict' }));

    expect(verdict.getByText('Pass')).toBeTruthy();
    expect(verdict.getByText('Digits candidate 2.1.0 may be released.')).toBeTruthy();
    expect(verdict.getByText('Tag the release.')).toBeTruthy();
    expect(verdict.getByText('against released 2.0.0')).toBeTruthy();
  });

  it('says how a finding was judged', () => {
    show({ run: finished() });
    const judged = screen.getByText('How was this judged?').closest('details');

    expect(judged?.textContent).toContain('Value97.4 % [96.0, 98.0]');
    expect(judged?.textContent).toContain('MethodClopper-Pearson interval of a share');
    expect(judged?.textContent).toContain('Samples500 examples');
  });

  it('shows what was sent and what came back where requests have no answer', () => {
    const failure = {
      kind: 'status' as const,
      status: 422,
      count: 20,
      message: 'answered 422',
      sent: 'POST /predict {"inputs":[[0]]}',
      reply: PAYLOAD,
      remedy: 'Compare what was sent with what the target takes.',
      side: 'candidate' as const,
      target: 'candidate',
      suite: 'quality',
      evaluation: 'holdout',
      of: 20,
      text: '20 of 20 requests of holdout in quality to candidate: answered 422'
    };
    const subject = { kind: 'target' as const, name: 'candidate', slice: null, point: null };
    const finding = aFinding({ subject, verdict: 'error', failures: [failure] });
    show({ run: finished({ findings: [finding, aFinding({ rule: 'b', failures: [failure] })] }) });
    const [first, second] = screen
      .getAllByText('Requests without an answer')
      .map(each => each.closest('details'));

    expect([first?.open, second?.open]).toEqual([true, false]);
    expect(first?.textContent).toContain(`Reason${failure.text}Sent${failure.sent}`);
    expect(first?.textContent).toContain(`Came back${PAYLOAD}What to do${failure.remedy}`);
    expect(document.querySelectorAll('img, script')).toHaveLength(0);
  });

  it('folds the findings that pass where there are many, never one that does not', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(rule =>
      aFinding({ rule, sentence: `${rule} is fine.` })
    );
    const bad = aFinding({ rule: 'z', verdict: 'inconclusive', sentence: 'z is not settled.' });
    show({ run: finished({ findings: [bad, ...many] }) });

    expect(screen.getByText('7 that pass').closest('details')?.open).toBe(false);
    expect(screen.getByText('z is not settled.').closest('.jp-df-folded')).toBeNull();
  });

  it('shows value, baseline, change and the reason of a missing number', () => {
    const metrics = [
      {
        family: 'platform' as const,
        name: 'memory_max',
        point: null,
        unit: 'B',
        better: 'lower' as const,
        value: null,
        n: null,
        missing_because: 'no samples in the window',
        baseline: 231e6,
        difference: null,
        interval: null,
        change: 'unknown' as const,
        source: 'prometheus',
        query: null,
        notices: [],
        text: { label: 'memory max', value: '\u2014', baseline: '220 MiB', difference: '\u2014' }
      }
    ];
    show({ run: finished({ metrics }) });
    const table = screen.getByRole('table', { name: 'Platform' });

    expect(within(table).getByText('memory max')).toBeTruthy();
    expect(within(table).getByText('220 MiB')).toBeTruthy();
    expect(within(table).getByText('unknown')).toBeTruthy();
    expect(within(table).getByText('no samples in the window')).toBeTruthy();
  });

  it('says who answers for a finding that was waived', () => {
    const waiver = {
      finding: 'latency p(95)<300ms',
      by: 'Ada',
      reason: 'known and accepted',
      until: '2026-12-01',
      at: '2026-11-20T10:00:00Z',
      valid: true,
      sentence: 'Ada answers for latency p(95)<300ms until 2026-12-01: known and accepted.'
    };
    show({ run: finished({ verdict: 'fail', gate: 'open', waivers: [waiver] }) });

    expect(screen.getByText(waiver.sentence)).toBeTruthy();
  });

  it('shows what the broken examples look like', () => {
    const png = 'data:image/png;base64,iVBORw0KGgo=';
    const examples = {
      broken: [anExample({ picture: png }), anExample({ example_id: 'digits-13' })],
      fixed: [anExample()]
    };
    show({ run: finished({ examples }) });
    const pictured = screen.getByRole('table', { name: /^Broken/ });
    const plain = screen.getByRole('table', { name: /^Fixed/ });

    expect(within(pictured).getByAltText('Picture of digits-12').getAttribute('src')).toBe(png);
    expect(within(pictured).getAllByRole('img')).toHaveLength(1);
    expect(within(plain).queryByText('Picture')).toBeNull();
  });

  it.each([
    'https://example.org/a.png',
    'blob:https://example.org/1',
    'data:image/svg+xml;base64,AAAA',
    'data:image/png;base64,AA" onerror="x'
  ])('shows no picture of %s', picture => {
    show({ run: finished({ examples: { broken: [anExample({ picture })], fixed: [] } }) });

    expect(document.querySelectorAll('img')).toHaveLength(0);
    expect(screen.getByText('digits-12')).toBeTruthy();
  });

  it('opens the executed notebook at the cell that failed', () => {
    const suite = aSuiteRow({
      outcome: 'failed',
      artifact: 'quality.ipynb',
      cases: [
        {
          case_id: 'c3',
          title: 'digit 8',
          outcome: 'failed',
          duration_seconds: 0.1,
          error: {
            type: 'AssertionError',
            message: 'too low',
            traceback: '\u001b[31mred\u001b[0m trace'
          },
          cell_id: 'cell-3'
        }
      ]
    });
    const actions = show({ run: finished({ suites: [suite] }) });
    fireEvent.click(screen.getByRole('button', { name: 'Open at this cell' }));

    expect(actions.openExecuted).toHaveBeenCalledWith(suite, 'cell-3');
    expect(screen.getByText('red trace')).toBeTruthy();
  });

  it('keeps hostile text inert', () => {
    const findings = [
      aFinding({ rule: PAYLOAD, sentence: PAYLOAD, expression: PAYLOAD, method: PAYLOAD })
    ];
    const { target } = aReport().run;
    const report = aReport({ headline: PAYLOAD, next_step: PAYLOAD, findings, notices: [PAYLOAD] });
    const changes = [{ what: PAYLOAD, from: PAYLOAD, to: PAYLOAD }];
    show({
      project: { kind: 'ready', project: aProject({ name: PAYLOAD, path: PAYLOAD }) },
      notebook: PAYLOAD,
      run: finished({ ...report, changes, run: { ...report.run, target: target + PAYLOAD } })
    });

    expect(document.querySelectorAll('img, script')).toHaveLength(0);
    expect((window as unknown as { hacked?: boolean }).hacked).toBeUndefined();
  });
});

describe('a release', () => {
  it('is tagged with a version', () => {
    const actions = show({ run: finished() });
    fireEvent.change(screen.getByLabelText('Version'), { target: { value: ' 2.1.0 ' } });
    fireEvent.click(screen.getByLabelText('Push the tag to origin'));
    fireEvent.click(screen.getByRole('button', { name: 'Tag' }));

    expect(actions.tag).toHaveBeenCalledWith('2.1.0', true, '');
  });

  it('says what was tagged and what else is to be known', () => {
    const tagged = {
      version: '2.1.0',
      tag: 'v2.1.0',
      commit: '4f1c2d9e8b7a',
      run_id: 'r1',
      project_file: 'deployfeedback.yaml',
      verdict: 'pass' as const,
      created_at: '2026-11-20T10:00:00Z',
      pushed_to: null,
      notices: ['The remote could not be reached.']
    };
    const release = { releases: [tagged], tagging: false, tagged, changes: UNREAD, fault: null };
    show({ run: finished(), release });

    expect(
      screen.getByText('Tagged 4f1c2d9 as v2.1.0. Only this repository has the tag.')
    ).toBeTruthy();
    expect(screen.getByText('The remote could not be reached.')).toBeTruthy();
  });

  it.each([
    { report: aReport({ gate: 'closed' }), reason: /gate is closed/ },
    { report: aReport({ run: { ...aReport().run, commit: null } }), reason: /tested no commit/ },
    {
      report: aReport({ run: { ...aReport().run, dirty: true } }),
      reason: /differed from the commit/
    }
  ])('is not possible, with the reason: $reason', ({ report, reason }) => {
    show({ run: finished(report) });

    expect(screen.getByText(reason)).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Tag' }).disabled).toBe(true);
  });
});

describe('the history', () => {
  it('calls an imported run by its name and gives it no verdict', () => {
    const imported = aRun({ state: 'finished', verdict: 'error', imported: 'pr-12-inference' });
    show({
      run: finished(),
      history: { runs: [imported], more: false, loading: false, fault: null }
    });

    const row = screen.getByText('pr-12-inference').closest('button');
    expect(row?.textContent).toContain('Imported');
    expect(row?.textContent).not.toContain('Error');
  });

  it('shows an earlier run', () => {
    const runs = [aRun(), aRun({ run_id: 'r0', state: 'finished', verdict: 'fail' })];
    const actions = show({
      run: finished(),
      history: { runs, more: false, loading: false, fault: null }
    });
    fireEvent.click(screen.getByText('Fail'));

    expect(actions.showRun).toHaveBeenCalledWith('r0');
    expect(screen.getByText('Running').closest('button')?.getAttribute('aria-current')).toBe(
      'true'
    );
  });
});
