import type { components } from "./schema";

export type ProblemDetails = components["schemas"]["ProblemDetails"];
export type FieldProblem = { field: string; expected: string; got: string; detail?: string };

/** An answer that is an error: the server's problem document, or that there was no answer at all. */
export class ApiProblem extends Error {
  constructor(
    /** HTTP status; 0 = the server could not be reached */
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly body: Partial<ProblemDetails> & Record<string, unknown> = {},
  ) {
    super(detail || title);
    this.name = "ApiProblem";
  }

  /** What is wrong, field by field, where the server said so. */
  get fields(): FieldProblem[] {
    return (this.body.errors as FieldProblem[] | undefined) ?? [];
  }

  /** What is wrong with one field, in words, for the place beside it. */
  at(field: string): string | undefined {
    const found = this.fields.find((problem) => problem.field === field);
    return found && `Expected ${found.expected}; got ${found.got}.`;
  }

  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const told = error instanceof Error ? error.message : String(error);
  return new ApiProblem(-1, "Something went wrong in this page", told);
}
