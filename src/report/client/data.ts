// What the page carries for its script, as JSON.

export interface PageData {
  readonly files: readonly {
    readonly name: string;
    /** Whether the page has its text, in the element `text-N`. */
    readonly text: boolean;
  }[];
  readonly functions: readonly FunctionRow[];
  /** Whether there is a profile. */
  readonly profiled: boolean;
  /** The hottest sites, in the order of the table. */
  readonly sites: readonly SiteRow[];
}

export interface SiteRow {
  /** Index into the files. */
  readonly file: number;
  /** Row of the file's text, directives and source lines counted. */
  readonly row: number;
  readonly samples: number;
}

export interface FunctionRow {
  readonly name: string;
  /** Index into the files. */
  readonly file: number;
  readonly native: number;
  readonly inserted: number;
  readonly writes: number;
  readonly windows: number;
  readonly samples: number;
}
