import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import type { Report, Run, SuiteProgress } from '../view';
import { aRunView, finished, show } from './shown';
import { aReport } from './report';
import { aProject, aRun, aSuite, anAnswer } from './wire';

describe('without a usable project the panel says what to do', () => {
  it('shows how to begin', () => {
    const actions = show({ project: { kind: 'absent' } });
    fireEvent.click(screen.getByRole('button', { name: 'Open a terminal here' }));

    expect(document.querySelector('code')?.textContent).toMatch(
      /^jupyter deployfeedback init --url /
    );
    expect(actions.openTerminal).toHaveBeenCalled();
  });

  it('shows every problem of the project file with its line', () => {
    const problems = [
      {
        file: 'deployfeedback.yaml',
        line: 7,
        key: 'targets.a.url',
        problem: 'is no URL.',
        remedy: 'Write http://.'
      }
    ];
    const actions = show({ project: { kind: 'broken', problems, fault: null } });
    fireEvent.click(screen.getByRole('button', { name: 'Open deployfeedback.yaml' }));

    expect(screen.getByText('deployfeedback.yaml:7 targets.a.url')).toBeTruthy();
    expect(screen.getByText('is no URL.')).toBeTruthy();
    expect(screen.getByText('Write http://.')).toBeTruthy();
    expect(actions.openFile).toHaveBeenCalledWith('deployfeedback.yaml');
  });

  it('shows the remedy of an error and asks again', () => {
    const fault = {
      code: 'x',
      message: 'No extension.',
      remedy: 'Install it.',
      findings: [],
      problems: []
    };
    const actions = show({ project: { kind: 'failed', fault } });
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));

    expect(screen.getByRole('alert').textContent).toContain('No extension.Install it.');
    expect(actions.refresh).toHaveBeenCalled();
  });
});

describe('the target', () => {
  it('is chosen and run', () => {
    const actions = show({});
    fireEvent.change(screen.getByLabelText('Target'), { target: { value: 'released' } });
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));

    expect(actions.chooseTarget).toHaveBeenCalledWith('released');
    expect(actions.start).toHaveBeenCalledTimes(1);
  });

  it('asks for an address only where the project file has none', () => {
    const known = aProject();
    const project = { ...known, targets: known.targets.map(each => ({ ...each, url: null })) };
    const choice = { target: 'candidate', suites: [], address: '' };
    const actions = show({ project: { kind: 'ready', project }, choice });
    fireEvent.change(screen.getByLabelText('Address'), { target: { value: 'http://h' } });

    expect(actions.chooseAddress).toHaveBeenCalledWith('http://h');
    expect(screen.getByText('candidate \u2014 address not known')).toBeTruthy();

    cleanup();
    show({});
    expect(screen.queryByLabelText('Address')).toBeNull();
  });

  it('cannot be run while a run is at work', () => {
    show({ run: aRunView({ answer: anAnswer() }) });

    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run' }).disabled).toBe(true);
  });

  it('says what is wrong with it', () => {
    const facts = {
      target: 'candidate',
      url: 'http://x',
      ready: false,
      namespace: null,
      model_version: null,
      server_version: null,
      software: {},
      problem: 'connection refused',
      remedy: '',
      later_versions: []
    };
    show({ health: { kind: 'known', health: { facts, platform_source: 'scrape' } } });

    expect(screen.getByText('Not ready')).toBeTruthy();
    expect(screen.getByText('connection refused')).toBeTruthy();
  });

  it('is run with some of its suites only', () => {
    const actions = show({});
    fireEvent.click(screen.getByLabelText(/^smoke/));

    expect(actions.chooseSuites).toHaveBeenCalledWith(['quality']);
  });

  it('is run at some points of a matrix only', () => {
    const points = ['quality[n=100]', 'quality[n=200]'];
    const suites = [aSuite('smoke'), aSuite('quality', { points })];
    const project = aProject({ suites });
    const actions = show({ project: { kind: 'ready', project } });
    fireEvent.click(screen.getByLabelText('n=200'));
    fireEvent.click(screen.getByLabelText(/^quality/));

    expect(screen.getByText('All 3 suites (2 points)')).toBeTruthy();
    expect(actions.chooseSuites.mock.calls).toEqual([[['smoke', 'quality[n=100]']], [['smoke']]]);
  });

  it('is asked only by the suites that are meant for it', () => {
    const suites = [aSuite('smoke'), aSuite('other', { targets: ['released'] })];
    show({ project: { kind: 'ready', project: aProject({ suites }) } });

    expect(screen.getByText('1 suite')).toBeTruthy();
    expect(screen.queryByLabelText(/^other/)).toBeNull();
  });

  it('is not asked before it is said what a run can settle', () => {
    const rule = {
      metric: 'accuracy',
      expressions: ['>=0.94', '>=-0pp'],
      info: false,
      doubts: ['>=-0pp: a tolerance of 0 leaves an unchanged system inconclusive'],
      expectations: [
        {
          expression: '>=0.94',
          sentence: 'cannot pass with 50 examples: it takes at least 60',
          can_pass: false
        }
      ]
    };
    const notices = ['The suites need packages.'];
    show({ project: { kind: 'ready', project: aProject({ rules: [rule], notices }) } });
    const said = screen.getByText('What a run can settle').closest('details');

    expect(said?.textContent).toContain('1 limit cannot pass');
    expect(said?.textContent).toContain('>=0.94 cannot pass with 50 examples');
    expect(said?.textContent).toContain('a tolerance of 0');
    expect(said?.textContent).toContain('The suites need packages.');
  });

  it('cannot be run while a run works that is not on show', () => {
    const history = { runs: [aRun({ run_id: 'r2' })], more: false, loading: false, fault: null };
    show({ run: finished(), latest: false, history });

    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run' }).disabled).toBe(true);
  });
});

describe('a run at work', () => {
  const suites = [
    {
      name: 'smoke',
      outcome: 'passed' as const,
      cases_finished: 2,
      cases_total: 2,
      case_title: null,
      done: null,
      total: null
    },
    {
      name: 'quality',
      outcome: null,
      cases_finished: 1,
      cases_total: 4,
      case_title: 'send it to both',
      done: 50,
      total: 100
    }
  ];

  it('shows how far each suite is', () => {
    show({ run: aRunView({ answer: anAnswer({}, { suites }) }) });
    const bar = screen.getByRole<HTMLProgressElement>('progressbar', {
      name: 'Progress of quality'
    });

    expect(bar.value).toBeCloseTo((1 + 0.5) / 4);
    expect(screen.getByText('send it to both')).toBeTruthy();
    expect(screen.getByText('50 of 100 requests')).toBeTruthy();
    expect(screen.getByText('2 of 2 cases')).toBeTruthy();
  });

  it('shows the suites and points that still wait, and how many run at once', () => {
    const points = ['quality[n=100]', 'quality[n=200]', 'quality[n=300]'];
    const project = aProject({ suites: [aSuite('smoke'), aSuite('quality', { points })] });
    const begun = { ...suites[1], name: 'quality[n=100]' } as SuiteProgress;
    const asked = ['quality[n=200]', 'smoke', 'quality[n=100]'];
    const answer = anAnswer({ suites: asked, parallel: 2 }, { suites: [begun] });
    show({ project: { kind: 'ready', project }, run: aRunView({ answer }) });
    const meters = within(screen.getByRole('region', { name: 'Run at work' }));

    expect(meters.getByText('Running the suites, 2 at once')).toBeTruthy();
    expect(meters.getAllByRole('listitem').map(item => item.textContent)).toEqual([
      'runningquality[n=100]1 of 4 casessend it to both50 of 100 requests',
      'waitingsmokewaiting',
      'waitingquality[n=200]waiting'
    ]);
  });

  it('guesses no points where the run was given values of its own', () => {
    const points = ['quality[n=100]', 'quality[n=200]'];
    const project = aProject({ suites: [aSuite('smoke'), aSuite('quality', { points })] });
    const waiting = (change: Partial<Run>): number => {
      cleanup();
      const run = aRunView({ answer: anAnswer(change) });
      show({ project: { kind: 'ready', project }, run });
      return within(screen.getByRole('region', { name: 'Run at work' })).queryAllByRole('listitem')
        .length;
    };

    expect(waiting({})).toBe(3);
    expect(waiting({ parameters: { n: 50 } })).toBe(1);
    expect(waiting({ matrix: { n: [1, 2] } })).toBe(0);
  });

  it('tells a screen reader when a suite ends, not every request', () => {
    show({ run: aRunView({ answer: anAnswer({}, { suites }) }) });

    expect(screen.getByText('Running the suites: 1 of 2 suites done').getAttribute('role')).toBe(
      'status'
    );
  });

  it('says why it could not be cancelled', () => {
    const fault = { code: 'x', message: 'No such run.', remedy: '', findings: [], problems: [] };
    show({ run: aRunView({ answer: anAnswer(), cancelling: { busy: false, fault } }) });

    expect(screen.getByRole('alert').textContent).toBe('No such run.');
  });

  it('is cancelled, and says so until it has ended', () => {
    const actions = show({ run: aRunView({ answer: anAnswer() }) });
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    show({ run: aRunView({ answer: anAnswer(), cancelling: { busy: true, fault: null } }) });

    expect(actions.cancel).toHaveBeenCalled();
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'Cancelling\u2026' }).disabled
    ).toBe(true);
  });

  it.each([
    { state: 'lost' as const, title: 'This run was lost' },
    { state: 'cancelled' as const, title: 'This run was cancelled' }
  ])('that is $state says why and can be run again', ({ state, title }) => {
    const actions = show({
      run: aRunView({ answer: anAnswer({ state, message: 'The server stopped.' }) })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Run again' }));

    expect(screen.getByText(title)).toBeTruthy();
    expect(screen.getByText('The server stopped.')).toBeTruthy();
    expect(actions.start).toHaveBeenCalled();
  });
});

describe('runs that cannot be read', () => {
  it('are not said to be none', () => {
    const fault = { code: 'x', message: 'No answer.', remedy: '', findings: [], problems: [] };
    show({ history: { runs: [], more: false, loading: false, fault } });

    expect(screen.getAllByRole('alert').map(alert => alert.textContent)).toContain('No answer.');
    expect(screen.queryByText('No run yet')).toBeNull();
  });
});

describe('an error while rendering', () => {
  it('is shown instead of an empty panel', () => {
    const silence = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const broken = { ...aReport(), findings: undefined } as unknown as Report;
    show({ run: aRunView({ answer: anAnswer({ state: 'finished' }), report: broken }) });

    expect(screen.getByText('The panel could not show this')).toBeTruthy();
    silence.mockRestore();
  });
});
