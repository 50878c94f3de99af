import { screen, within } from '@testing-library/react';
import { finished, show } from './shown';
import { aFinding, aMetric, aReport, aSuiteRow, anExample } from './report';

const POINTS = ['quality[n=100]', 'quality[n=200]'] as const;

const AT_POINTS = {
  suites: ['smoke', ...POINTS].map(name => aSuiteRow({ name })),
  metrics: [
    ...POINTS.map(point =>
      aMetric({ point, text: { ...aMetric().text, label: `accuracy in ${point}` } })
    ),
    aMetric({ name: 'f1', text: { ...aMetric().text, label: 'F1' } })
  ],
  findings: [
    aFinding({ rule: 'accuracy{suite:quality[n=100]}', verdict: 'inconclusive' }),
    aFinding({ rule: 'latency{digit:8,suite:quality[n=100]}', verdict: 'fail' }),
    aFinding({ rule: 'memory_max', verdict: 'error' }),
    aFinding({ rule: 'accuracy{suite:quality[n=200]}' }),
    aFinding({ rule: 'f1{suite:quality[n=200]}', verdict: 'fail', standing: 'info' })
  ]
};

describe('the points of a matrix', () => {
  it('are each shown with the worst finding about them that counts', () => {
    show({ run: finished(AT_POINTS) });
    const points = within(screen.getByText('Points').closest('details') as HTMLElement);

    expect(points.getAllByRole('listitem').map(item => item.textContent)).toEqual([
      'Failquality[n=100]0 of 2 pass',
      'Passquality[n=200]1 of 1 pass'
    ]);
  });

  it('share one line with the name of a metric', () => {
    show({ run: finished(AT_POINTS) });
    const table = within(screen.getByRole('table', { name: 'Model' }));

    expect(table.getAllByRole('rowheader').map(head => head.textContent)).toEqual([
      'accuracy',
      'n=100',
      'n=200',
      'F1'
    ]);
  });

  it('are counted where they agree on an example, else named', () => {
    const broken = [
      anExample({ suite: 'quality[n=100]', points: 2 }),
      anExample({ example_id: 'digits-13', suite: 'quality[n=200]' })
    ];
    show({ run: finished({ ...AT_POINTS, examples: { broken, fixed: [] } }) });
    const table = within(screen.getByRole('table', { name: /^Broken/ }));

    expect(table.getAllByRole('rowheader').map(head => head.textContent)).toEqual([
      'digits-122 points',
      'digits-13quality[n=200]'
    ]);
  });

  it('are not spoken of where there is no matrix', () => {
    show({ run: finished({ metrics: [aMetric()] }) });

    expect(screen.queryByText('Points')).toBeNull();
  });
});

describe('how a run came about', () => {
  it('says how the gate tested itself', () => {
    const run = { ...aReport().run, self_test: '5 of 5 limits tried, none came out wrong' };
    show({ run: finished({ run }) });

    expect(
      screen.getByText('Self-test of the gate: 5 of 5 limits tried, none came out wrong.')
    ).toBeTruthy();
  });

  it('names the run, its target and what it was compared with', () => {
    show({ run: finished() });
    const about = screen.getByText('About this run').closest('details');

    expect(about?.textContent).toContain('Runr1');
    expect(about?.textContent).toContain('Targethttp://127.0.0.1:8002');
    expect(about?.textContent).toContain('Comparedthe same examples sent to both, interleaved');
    expect(about?.textContent).toContain('Attempt1 at this commit');
  });

  it.each([
    { kind: 'notebook', kernel: 'forked', said: 'notebook \u00b7 a.x \u00b7 kernel forked from' },
    { kind: 'behave', kernel: null, said: 'behave features \u00b7 a.x' },
    { kind: 'results', kernel: null, said: 'results of another tool \u00b7 a.x' },
    { kind: 'gatling', kernel: 'started', said: 'gatling \u00b7 a.x \u00b7 kernel started' }
  ])('says what a suite of kind $kind ran in', ({ kind, kernel, said }) => {
    show({ run: finished({ suites: [aSuiteRow({ kind, kernel, source: 'a.x' })] }) });

    expect(screen.getByText(new RegExp(`^${said}`))).toBeTruthy();
  });

  it('is said to a screen reader when it is over', () => {
    show({ run: finished() });

    expect(screen.getByText(/^Pass, gate open\. /).getAttribute('role')).toBe('status');
  });
});
