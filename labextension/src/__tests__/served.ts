/** A server with two projects, and nothing run in either of them. */

import { aReport } from './report';
import { FakeServer, aProject } from './wire';

/** How the routes name the first project. */
export const PATH = 'path=digits%2Fdeployfeedback.yaml';

export function servedProject(): FakeServer {
  const project = { project: aProject(), problems: [] };
  return new FakeServer()
    .on('GET /project?path=digits%2Fmodel.ipynb', project)
    .on('GET /project?path=digits%2Frenamed.ipynb', project)
    .on('GET /project?path=other%2Fmodel.ipynb', {
      project: aProject({
        name: 'other',
        path: 'other/deployfeedback.yaml',
        default_target: 'released'
      }),
      problems: []
    })
    .on(`GET /targets/candidate/health?${PATH}`, {
      facts: { ready: true },
      platform_source: 'scrape'
    })
    .on(`GET /targets/released/health?${PATH}`, {
      facts: { ready: false },
      platform_source: 'scrape'
    })
    .on('GET /targets/released/health?path=other%2Fdeployfeedback.yaml', {
      facts: { ready: true },
      platform_source: 'none'
    })
    .on(`GET /runs?${PATH}&limit=20`, { runs: [], next: null })
    .on('GET /runs?path=other%2Fdeployfeedback.yaml&limit=20', { runs: [], next: null })
    .on(`GET /releases?${PATH}`, { releases: [] })
    .on('GET /releases?path=other%2Fdeployfeedback.yaml', { releases: [] })
    .on('GET /runs/r1/feedback?format=json', aReport())
    .on('GET /runs/r1/charts?width=300', { charts: [] });
}
