import { Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { ApiProblem } from "@/api/problem";
import { EntryForm, NewPersonFields } from "./EntryForm";
import { useEnter } from "./enter";
import { Frame, secretOf } from "./Frame";

const notTheCode = (problem: ApiProblem): boolean => problem.status === 403;

/** The first account of an installation, made with the code that the server printed. */
export function Setup() {
  const enter = useEnter();
  const [told, setTold] = useState({ code: secretOf("code"), email: "", name: "", password: "" });
  const set = (change: Partial<typeof told>) => setTold({ ...told, ...change });
  const state = useQuery({ queryKey: ["setup"], queryFn: () => data(api.GET("/v1/setup")), staleTime: 0 });
  const make = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/setup", { body: told })),
    onSuccess: (found) => enter(found),
  });
  if (state.data && !state.data.needed && !make.isPending && !make.isSuccess) return <Navigate to="/sign-in" replace />;
  return (
    <Frame
      title="Welcome"
      about="Make the first account. It owns this installation: every project, and everybody’s accounts."
    >
      <EntryForm
        verb="Create the account"
        send={make}
        placed={notTheCode}
        after={
          <Text size="xs" c="dimmed">
            Lost the code? <code>tailorbird account reset-setup</code> prints a new one.
          </Text>
        }
      >
        {(problem) => (
          <>
            <TextInput
              label="Setup code"
              description="The server printed it when it started"
              required
              autoComplete="off"
              value={told.code}
              onChange={(event) => set({ code: event.currentTarget.value })}
              error={problem?.at("code") ?? (problem && notTheCode(problem) ? problem.message : undefined)}
            />
            <NewPersonFields told={told} set={set} problem={problem} />
          </>
        )}
      </EntryForm>
    </Frame>
  );
}
