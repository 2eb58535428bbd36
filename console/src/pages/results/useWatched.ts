import { useEffect, useState } from "react";
import { ApiProblem, asProblem } from "@/api/problem";

type Step = { done: number; of: number };

/** An answer that takes its time, with its progress. Leaving the page, or asking something else, stops the computation. */
export function useWatched<T>(path: string, asked: Record<string, unknown>) {
  const [report, setReport] = useState<T>();
  const [progress, setProgress] = useState<Step | null>(null);
  const [error, setError] = useState<ApiProblem | null>(null);
  const [turn, setTurn] = useState(0);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(asked))
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  const url = search.size ? `${path}?${search}` : path;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn asks the same address again
  useEffect(() => {
    const leaving = new AbortController();
    setError(null);
    setProgress({ done: 0, of: 0 });
    watch<T>(url, leaving.signal, setProgress)
      .then(setReport)
      .catch((told) => {
        if (!leaving.signal.aborted) setError(asProblem(told));
      })
      .finally(() => {
        if (!leaving.signal.aborted) setProgress(null);
      });
    return () => leaving.abort();
  }, [url, turn]);

  // New facts are seen without being asked for, as long as somebody looks.
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && setTurn((old) => old + 1), 30_000);
    return () => clearInterval(timer);
  }, []);

  return { report, progress: report && turn > 0 ? null : progress, error, again: () => setTurn((old) => old + 1) };
}

/** Read server-sent events to their end: `progress`, then `result` or `problem`. */
async function watch<T>(url: string, signal: AbortSignal, step: (step: Step) => void): Promise<T> {
  const answer = await fetch(url, { signal, credentials: "same-origin" }).catch(() => {
    throw new ApiProblem(0, "The server does not answer", "It may be restarting.");
  });
  if (!answer.ok || !answer.body) {
    const told = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    throw new ApiProblem(answer.status, String(told.title ?? "The server refused"), String(told.detail ?? ""), told);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new ApiProblem(0, "The answer broke off", "Try again.");
    held += value;
    const events = held.split("\n\n");
    held = events.pop() ?? "";
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1];
      const text = /^data: (.*)$/m.exec(event)?.[1];
      if (!name || !text) continue;
      const told = JSON.parse(text);
      if (name === "progress") step(told as Step);
      else if (name === "result") return told as T;
      else throw new ApiProblem(Number(told.status) || 500, String(told.title), String(told.detail ?? ""), told);
    }
  }
}
