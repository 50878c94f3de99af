import { RunModel } from '../models/run';
import { aReport } from './report';
import { FakeServer, anAnswer, anEvent, errorAnswer, settled } from './wire';

const RUN = 'GET /runs/r1';

describe('a run that is followed', () => {
  let server: FakeServer;
  let model: RunModel;

  beforeEach(async () => {
    server = new FakeServer().on(RUN, anAnswer({ seq: 4 }));
    model = new RunModel({ api: server.api, runId: 'r1', chartWidth: () => 300 });
    await model.reread();
    server.calls.length = 0;
  });

  afterEach(() => model.dispose());

  it('shows the next event without asking the server', () => {
    model.receive(anEvent(5, { done: 7, total: 10 }));

    expect(model.view.answer?.suites[0]?.done).toBe(7);
    expect(server.calls).toHaveLength(0);
  });

  it('ignores an event it has seen', () => {
    model.receive(anEvent(4, { done: 1, total: 10 }));

    expect(model.view.answer?.suites).toEqual([]);
  });

  it('reads the run again after a gap and takes its seq', async () => {
    server.on(RUN, anAnswer({ seq: 9 }));

    model.receive(anEvent(8, { done: 7, total: 10 }));
    await settled();

    expect(server.count(RUN)).toBe(1);
    expect(model.view.answer?.run.seq).toBe(9);
    expect(model.view.answer?.suites).toEqual([]);
  });

  it('believes the server, not a forged event', async () => {
    model.receive(anEvent(1000, { kind: 'run', suite: null, state: 'finished' }));
    await settled();

    expect(model.view.answer?.run).toMatchObject({ state: 'running', seq: 4 });
  });

  it('reads the run again when its state changes', async () => {
    const ended: string[] = [];
    model.ended.connect(() => ended.push('ended'));
    server
      .on(RUN, anAnswer({ state: 'finished', verdict: 'pass', seq: 5 }))
      .on('GET /runs/r1/feedback?format=json', aReport())
      .on('GET /runs/r1/charts?width=300', { charts: [{ title: 'Latency', spec: {} }] });

    model.receive(anEvent(5, { kind: 'run', suite: null, state: 'finished' }));
    await settled();

    expect(model.view.report?.verdict).toBe('pass');
    expect(model.view.charts?.map(chart => chart.title)).toEqual(['Latency']);
    expect(ended).toEqual(['ended']);
  });

  it('asks again for charts that could not be read', async () => {
    server
      .on(RUN, anAnswer({ state: 'finished', verdict: 'pass', seq: 5 }))
      .on('GET /runs/r1/feedback?format=json', aReport())
      .on('GET /runs/r1/charts?width=300', () => errorAnswer(500, {}));
    await model.reread();
    const charts = model.view.charts;
    server.on('GET /runs/r1/charts?width=300', { charts: [{ title: 'Latency', spec: {} }] });
    await model.reread();

    expect(charts).toBeNull();
    expect(model.view.charts?.map(chart => chart.title)).toEqual(['Latency']);
    expect(server.count('GET /runs/r1/feedback?format=json')).toBe(1);
  });

  it('asks once more where an event comes while it reads', async () => {
    model.receive(anEvent(8));
    model.receive(anEvent(9));
    model.receive(anEvent(10));
    await settled();

    expect(server.count(RUN)).toBe(2);
  });

  it('recovers from a server that was away', async () => {
    server.on(RUN, () => {
      throw new TypeError('connection refused');
    });
    await model.reread();
    const while_away = model.view;
    server.on(RUN, anAnswer({ seq: 12 }));
    await model.reread();

    expect(while_away.fault?.code).toBe('server_unreachable');
    expect(while_away.answer?.run.seq).toBe(4);
    expect(model.view.fault).toBeNull();
    expect(model.view.answer?.run.seq).toBe(12);
  });

  it('looks at once when somebody looks', async () => {
    model.setWatched(false);
    model.setWatched(true);
    await settled();

    expect(server.count(RUN)).toBe(1);
  });

  it('is cancelling until the server says that it ended', async () => {
    server.on('POST /runs/r1/cancel', anAnswer().run);
    await model.cancel();
    const asked = model.view.cancelling.busy;
    server.on(RUN, anAnswer({ state: 'cancelled', message: 'Cancelled by you.', seq: 6 }));
    await model.reread();

    expect(asked).toBe(true);
    expect(model.view.cancelling.busy).toBe(false);
    expect(model.view.answer?.run.state).toBe('cancelled');
  });

  it('says why a cancel was refused', async () => {
    const refusal = { error: 'run_not_found', message: 'No such run.', remedy: 'Look again.' };
    server.on('POST /runs/r1/cancel', () => errorAnswer(404, refusal));

    await model.cancel();

    expect(model.view.cancelling).toMatchObject({
      busy: false,
      fault: { message: 'No such run.', remedy: 'Look again.' }
    });
  });

  it('polls no more once it ended', async () => {
    server.on(RUN, anAnswer({ state: 'lost', message: 'The server was restarted.', seq: 5 }));
    await model.reread();
    server.calls.length = 0;

    model.setWatched(true);
    model.receive(anEvent(9));
    await settled();

    expect(server.calls).toHaveLength(0);
  });

  it('is silent after it was disposed', async () => {
    let told = 0;
    model.changed.connect(() => told++);
    const reading = model.reread();
    model.dispose();
    await reading;

    expect(told).toBe(0);
  });
});
