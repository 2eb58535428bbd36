import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, data } from "@/api/client";
import { asProblem } from "@/api/problem";
import { local } from "@/app/local";
import { Trouble } from "@/parts/Trouble";
import { useEnter } from "./enter";
import { Frame } from "./Frame";

/** The way in for people who have an account. */
export function SignIn() {
  const { to } = useSearch({ strict: false }) as { to?: string };
  const enter = useEnter();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const state = useQuery({ queryKey: ["setup"], queryFn: () => data(api.GET("/v1/setup")), staleTime: 0 });
  const enterWith = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/session", { body: { email, password } })),
    onSuccess: (found) => enter(found, local(to)),
  });
  if (state.data?.needed) return <Navigate to="/setup" replace />;
  const problem = enterWith.error ? asProblem(enterWith.error) : undefined;
  return (
    <Frame title="Sign in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enterWith.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="E-mail"
            type="email"
            required
            autoComplete="username"
            data-autofocus
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={problem?.at("email")}
          />
          <PasswordInput
            label="Password"
            required
            autoComplete="current-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {problem && !problem.at("email") && <Trouble error={problem} />}
          <Button type="submit" loading={enterWith.isPending}>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            Forgotten? An owner of this installation can make a link with which you choose a new one.
          </Text>
        </Stack>
      </form>
    </Frame>
  );
}
