import { fireEvent, screen, within } from '@testing-library/react';
import { finished, show } from './shown';
import { aFinding, aReport } from './report';

const OPEN = aFinding({
  rule: 'latency',
  expression: 'typical<=+10%',
  verdict: 'inconclusive',
  sentence: 'Typical latency is not settled.',
  n: 600,
  n_more: 1444
});
const CONTINUING = {
  n_more: 1444,
  noun: 'request',
  growth: 3.4,
  again: true,
  obstacle: null,
  remedy: ''
};
const REFUSED = {
  code: 'continue_refused',
  message: 'Run r1 cannot be continued: the rules changed since.',
  remedy: 'Start a new run.',
  findings: [],
  problems: []
};
const unsettled = { verdict: 'inconclusive' as const, gate: 'closed' as const, findings: [OPEN] };

describe('an inconclusive run', () => {
  it('is continued with about as many requests as it needs', () => {
    const actions = show({ run: finished({ ...unsettled, continuing: CONTINUING }) });
    fireEvent.click(screen.getByRole('button', { name: 'Send about 1,400 more requests' }));

    expect(actions.continueRun).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['examples', { ...CONTINUING, noun: 'example', n_more: 87 }, 'Send about 87 more examples'],
    ['thousands', { ...CONTINUING, n_more: 12_345 }, 'Send about 12,000 more requests']
  ])('is asked for %s in round numbers', (_, continuing, label) => {
    show({ run: finished({ ...unsettled, continuing }) });

    expect(screen.getByRole('button', { name: label })).toBeTruthy();
  });

  it.each([
    ['has used its looks', { ...CONTINUING, obstacle: 'All 2 planned looks are used.' }],
    ['cannot say how many', { ...CONTINUING, n_more: null }],
    ['is settled', null]
  ])('has no button where it %s', (_, continuing) => {
    show({ run: finished({ ...unsettled, continuing }) });

    expect(screen.queryByRole('button', { name: /^Send/ })).toBeNull();
  });

  it('says beside the button why the server refused', () => {
    const run = finished({ ...unsettled, continuing: CONTINUING });
    show({ run: { ...run, continuing: { busy: false, fault: REFUSED } } });
    const verdict = within(screen.getByRole('region', { name: 'Verdict' }));

    expect(verdict.getByRole('alert').textContent).toContain('the rules changed since');
    expect(verdict.getByText('Start a new run.')).toBeTruthy();
  });

  it('says which look it is where several are planned', () => {
    show({ run: finished(unsettled) });

    expect(screen.getByText('look 1 of 2')).toBeTruthy();
  });
});

describe('a waiver', () => {
  function fill(by: string, reason: string): HTMLElement {
    const form = screen.getByRole('form', { name: 'Waive latency typical<=+10%', hidden: true });
    fireEvent.change(within(form).getByLabelText('Who'), { target: { value: by } });
    fireEvent.change(within(form).getByLabelText('Why'), { target: { value: reason } });
    fireEvent.change(within(form).getByLabelText('Until'), { target: { value: '2026-12-01' } });
    return form;
  }

  it('says who answers for which finding, why and until when', () => {
    const actions = show({ run: finished(unsettled) });
    fireEvent.submit(fill(' Ada ', ' known and accepted '));

    expect(actions.waive).toHaveBeenCalledWith({
      finding: 'latency typical<=+10%',
      by: 'Ada',
      reason: 'known and accepted',
      until: '2026-12-01'
    });
  });

  it.each([
    ['', 'known'],
    ['Ada', '  ']
  ])('needs a name and a reason: %p, %p', (by, reason) => {
    show({ run: finished(unsettled) });
    const form = fill(by, reason);

    const button = within(form).getByRole<HTMLButtonElement>('button', { hidden: true });
    expect(button.disabled).toBe(true);
  });

  it.each(['pass', 'warn', 'error'] as const)(
    'is not offered for a finding that is %s',
    verdict => {
      show({ run: finished({ ...unsettled, findings: [{ ...OPEN, verdict }] }) });

      expect(screen.queryByText('Waive this finding')).toBeNull();
    }
  );

  it('is not offered where nothing was judged', () => {
    show({ run: finished({ ...unsettled, verdict: 'error' }) });

    expect(screen.queryByText('Waive this finding')).toBeNull();
  });

  it('that the server refused says why, in the form that asked', () => {
    const refused = { ...REFUSED, code: 'waiver_refused', message: '2020-01-01 is over.' };
    const second = { ...OPEN, rule: 'accuracy', expression: '>=0.95' };
    const run = finished({ ...unsettled, findings: [OPEN, second] });
    show({ run: { ...run, waiving: { busy: false, fault: refused } } });
    const form = fill('Ada', 'known');
    expect(screen.queryByRole('alert', { hidden: true })).toBeNull();
    fireEvent.submit(form);

    const said = screen.getAllByRole('alert', { hidden: true });
    expect(said).toHaveLength(1);
    expect(form.contains(said[0] ?? null)).toBe(true);
    expect(said[0]?.textContent).toContain('2020-01-01 is over.');
  });

  it('that counts stands in place of the form, and the gate says what opened it', () => {
    const waiver = {
      finding: 'latency typical<=+10%',
      by: 'Ada',
      reason: 'known',
      until: '2026-12-01',
      at: '2026-11-20T10:00:00Z',
      valid: true,
      sentence: 'latency typical<=+10% is waived by Ada until 2026-12-01: known.'
    };
    show({ run: finished(aReport({ ...unsettled, gate: 'open', waivers: [waiver] })) });

    expect(screen.getByText('Waived by Ada until 2026-12-01')).toBeTruthy();
    expect(screen.queryByText('Waive this finding')).toBeNull();
    expect(screen.getAllByText('gate open, by waiver')).toHaveLength(2); // verdict and tag
  });
});
