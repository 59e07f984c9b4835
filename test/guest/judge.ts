// Whether a run went as it has to.
import type { Case } from './cases.js';
import { causesOf, outputOf } from './cases.js';
import type { Ending } from './guest.js';

/** Of the runtime's report. */
interface Report {
  readonly bytesDiffering: number;
  readonly bytesChecked: number;
  readonly pagesLost: number;
  readonly recoveries: number;
  readonly recovered: readonly {
    readonly kind: string;
    readonly copy: string;
    readonly cause: string;
    readonly microseconds: number;
  }[];
}

export interface Result {
  readonly case: Case;
  /** What is wrong; empty where nothing is. */
  readonly wrong: readonly string[];
  /** As the runtime heard of the page. */
  readonly cause: string;
  readonly microseconds: number | undefined;
  readonly ending: Ending;
}

const SIGBUS = 7;

export function judge(one: Case, ending: Ending): Result {
  const report = ending.report === '' ? undefined : (JSON.parse(ending.report) as Report);
  const wrong = ending.failed === undefined ? [] : [ending.failed];
  const need = (right: boolean, what: string): void => {
    if (!right) wrong.push(what);
  };
  const how = ending.exit === undefined ? `signal ${ending.signal}` : `exit code ${ending.exit}`;
  if (one.copy === 'both') {
    need(ending.signal === SIGBUS, `${how} instead of SIGBUS`);
    need(/ is lost, and so is its mirror: nothing can bring it back$/m.test(ending.errors), 'no message');
    return { case: one, wrong, cause: 'SIGBUS', microseconds: undefined, ending };
  }
  need(ending.exit === 0, how);
  need(ending.output === outputOf(one), `output '${ending.output.trim()}'`);
  need(report !== undefined, 'no report');
  const lost = one.loss.by === 'none' ? 0 : 1;
  const [page] = report?.recovered ?? [];
  if (report !== undefined) {
    need(report.bytesChecked > 0, 'nothing checked at exit');
    need(report.bytesDiffering === 0, `${report.bytesDiffering} bytes differ at exit`);
    need(report.pagesLost === 0, `${report.pagesLost} pages not recovered`);
    need(report.recoveries === lost, `${report.recoveries} recoveries instead of ${lost}`);
  }
  const causes: readonly string[] = causesOf(one);
  if (lost && page) {
    need(page.copy === one.copy, `the ${page.copy} page was recovered`);
    need(causes.includes(page.cause), `${page.cause} instead of ${causes.join(' or ')}`);
  }
  return { case: one, wrong, cause: page?.cause ?? '-', microseconds: page?.microseconds, ending };
}
