import type { TranslationBundle } from '@jupyterlab/translation';
import type { Run, Target } from '../view';

const THIN = '\u202f';

/** Write a span of seconds: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) {
    return `${seconds.toFixed(1)}${THIN}s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole}${THIN}s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes}${THIN}min ${pad(whole % 60)}${THIN}s`;
  }
  return `${Math.floor(minutes / 60)}${THIN}h ${pad(minutes % 60)}${THIN}min`;
}

/** Write a running clock: `0:07`, `12:30`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}

/** Say how long ago something was, roughly; after a week its date. */
export function ago(then: string, now: number, trans: TranslationBundle): string {
  const minutes = Math.floor((now - Date.parse(then)) / 60000);
  if (minutes < 1) {
    return trans.__('just now');
  }
  if (minutes < 60) {
    return trans.__('%1 min ago', minutes);
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    return trans.__('%1 h ago', hours);
  }
  const days = Math.floor(hours / 24);
  return days < 8
    ? trans._n('%1 day ago', '%1 days ago', days)
    : new Date(then).toLocaleDateString();
}

export function moment(then: string): string {
  return new Date(then).toLocaleString();
}

export function shortCommit(sha: string): string {
  return sha.slice(0, 7);
}

/** The values of a point of a matrix: `n=100` of `quality[n=100]`. */
export function pointWords(point: string): string {
  return point.slice(point.indexOf('[') + 1, -1);
}

/** The part of a URL that tells targets apart, null where the address is not known. */
export function hostOf(target: Pick<Target, 'url'>): string | null {
  if (target.url === null) {
    return null;
  }
  try {
    const { host, pathname } = new URL(target.url);
    return host + pathname.replace(/\/$/, '');
  } catch {
    return target.url;
  }
}

/** How long a run has worked, in seconds; 0 before it began. */
export function elapsed(run: Pick<Run, 'started_at' | 'finished_at'>, now: number): number {
  if (!run.started_at) {
    return 0;
  }
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  return Math.max(0, (end - Date.parse(run.started_at)) / 1000);
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
