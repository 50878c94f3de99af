import { ApiError, faultOf } from '../api';
import { FakeServer, ROOT, errorAnswer, settled } from './wire';

async function caught(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe('the API', () => {
  it('keeps the prefix of a hub', async () => {
    const asked: string[] = [];
    const server = new FakeServer().on('GET /runs/r1', { run: {} });
    await server.api.run('r1');

    server.calls.forEach(call => asked.push(ROOT + call.url));
    expect(asked).toEqual(['http://127.0.0.1:9999/user/alice/deployfeedback/api/v1/runs/r1']);
  });

  it('sends the token', async () => {
    const server = new FakeServer().on('GET /runs/r1', { run: {} });
    await server.api.run('r1');

    expect(server.calls[0]?.headers.get('Authorization')).toBe('token secret');
  });

  it('sends the XSRF cookie as a header', async () => {
    document.cookie = '_xsrf=abc123';
    const server = new FakeServer().on('POST /runs/r1/cancel', {});
    await server.api.cancelRun('r1');

    expect(server.calls[0]?.headers.get('X-XSRFToken')).toBe('abc123');
  });

  it('escapes names of targets, artifacts and paths', async () => {
    const server = new FakeServer()
      .on('GET /targets/a%2Fb%20c/health?path=my+project%2Fm%C3%BC.ipynb', { facts: {} })
      .on('GET /runs/r1/artifacts/..%2Fsecret', {});

    await server.api.health('a/b c', 'my project/mü.ipynb');
    await server.api.notebook('r1', '../secret');

    expect(server.calls).toHaveLength(2);
  });

  it('leaves out what was not asked for', async () => {
    const server = new FakeServer().on('GET /runs?path=p&limit=20', { runs: [], next: null });

    await expect(server.api.runs({ path: 'p', limit: 20, after: undefined })).resolves.toEqual({
      runs: [],
      next: null
    });
  });

  it('says an error in the words of the server', async () => {
    const body = {
      error: 'gate_closed',
      message: 'The gate is closed.',
      remedy: 'Mend the findings.',
      findings: ['Accuracy fell by 3 pp.'],
      problems: []
    };
    const server = new FakeServer().on('POST /releases', () => errorAnswer(409, body));

    const error = await caught(
      server.api.createRelease({ run_id: 'r1', version: '1', push: false, by: '' })
    );

    expect(error).toMatchObject({
      code: 'gate_closed',
      message: 'The gate is closed.',
      remedy: 'Mend the findings.',
      findings: ['Accuracy fell by 3 pp.']
    });
  });

  it.each([
    { status: 404, code: 'extension_missing' },
    { status: 403, code: 'forbidden' },
    { status: 500, code: 'unexpected_answer' }
  ])('knows what $status without our error body means', async ({ status, code }) => {
    const server = new FakeServer().on(
      'GET /project?path=',
      () => new Response('<html>', { status })
    );

    expect((await caught(server.api.project(''))).code).toBe(code);
  });

  it('says that the server does not answer', async () => {
    const server = new FakeServer().on('GET /project?path=', () => {
      throw new TypeError('connection refused');
    });

    expect((await caught(server.api.project(''))).code).toBe('server_unreachable');
    await settled();
  });

  it('makes a fault of anything that was thrown', () => {
    expect(faultOf(new Error('boom'))).toMatchObject({ code: 'internal', message: 'boom' });
    expect(faultOf('boom').message).toBe('boom');
  });
});
