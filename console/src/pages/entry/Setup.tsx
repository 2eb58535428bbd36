import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, data } from "@/api/client";
import { asProblem } from "@/api/problem";
import { Trouble } from "@/parts/Trouble";
import { useEnter } from "./enter";
import { Frame, secretOf } from "./Frame";

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
  const problem = make.error ? asProblem(make.error) : undefined;
  return (
    <Frame
      title="Welcome"
      about="Make the first account. It owns this installation: every project, and everybody’s accounts."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="Setup code"
            description="The server printed it when it started"
            required
            autoComplete="off"
            value={told.code}
            onChange={(event) => set({ code: event.currentTarget.value })}
            error={problem?.at("code")}
          />
          <TextInput
            label="Your name"
            required
            autoComplete="name"
            value={told.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
            error={problem?.at("name")}
          />
          <TextInput
            label="E-mail"
            type="email"
            required
            autoComplete="username"
            value={told.email}
            onChange={(event) => set({ email: event.currentTarget.value })}
            error={problem?.at("email")}
          />
          <PasswordInput
            label="Password"
            description="10 characters or more"
            required
            minLength={10}
            autoComplete="new-password"
            value={told.password}
            onChange={(event) => set({ password: event.currentTarget.value })}
            error={problem?.at("password")}
          />
          {problem && problem.fields.length === 0 && <Trouble error={problem} />}
          <Button type="submit" loading={make.isPending}>
            Create the account
          </Button>
          <Text size="xs" c="dimmed">
            Lost the code? <code>tailorbird account reset-setup</code> prints a new one.
          </Text>
        </Stack>
      </form>
    </Frame>
  );
}
