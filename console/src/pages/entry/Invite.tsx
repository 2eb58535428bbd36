import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { me } from "@/api/queries";
import { Loaded } from "@/parts/Loaded";
import { Trouble } from "@/parts/Trouble";
import { useEnter } from "./enter";
import { Frame, secretOf } from "./Frame";

type Offer = Schemas["Offer"];

/** What a link that somebody passed on leads to: a project, or a new password. */
export function Invite() {
  const [token] = useState(() => secretOf("token"));
  const found = useQuery({
    queryKey: ["invitation", token],
    retry: false,
    queryFn: () => data(api.POST("/v1/invitations/look", { body: { token } })),
  });
  const title =
    found.data?.kind === "password" ? "A new password" : found.data ? `Join ${found.data.project}` : "Invitation";
  return (
    <Frame
      title={title}
      about={found.data?.kind === "join" && `${found.data.invited_by} invites you as ${found.data.role}.`}
    >
      <Loaded query={found}>
        {(offer) => (offer.kind === "password" ? <NewPassword token={token} /> : <Join offer={offer} token={token} />)}
      </Loaded>
    </Frame>
  );
}

function Join({ offer, token }: { offer: Offer; token: string }) {
  const signedIn = useQuery({ ...me, retry: false });
  const enter = useEnter();
  const join = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/join", { body: { token } })),
    onSuccess: (found) => enter(found),
  });
  if (signedIn.isPending) return null;
  if (signedIn.data)
    return (
      <Stack>
        <Text size="sm">You are signed in as {signedIn.data.account.email}.</Text>
        {join.error && <Trouble error={join.error} />}
        <Button loading={join.isPending} onClick={() => join.mutate()}>
          Join {offer.project}
        </Button>
      </Stack>
    );
  if (offer.known)
    return (
      <Stack>
        <Text size="sm">{offer.email} has an account here. Sign in, then open this link again.</Text>
        <Button component={Link} to="/sign-in">
          Sign in
        </Button>
      </Stack>
    );
  return <NewAccount offer={offer} token={token} />;
}

function NewAccount({ offer, token }: { offer: Offer; token: string }) {
  const enter = useEnter();
  const [told, setTold] = useState({ email: offer.email, name: "", password: "" });
  const set = (change: Partial<typeof told>) => setTold({ ...told, ...change });
  const accept = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/accept", { body: { token, ...told } })),
    onSuccess: (found) => enter(found),
  });
  const problem = accept.error ? asProblem(accept.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        accept.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="E-mail"
          type="email"
          required
          readOnly={Boolean(offer.email)}
          autoComplete="username"
          value={told.email}
          onChange={(event) => set({ email: event.currentTarget.value })}
          error={problem?.at("email")}
        />
        <TextInput
          label="Your name"
          required
          autoComplete="name"
          value={told.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={problem?.at("name")}
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
        <Button type="submit" loading={accept.isPending}>
          Join
        </Button>
      </Stack>
    </form>
  );
}

function NewPassword({ token }: { token: string }) {
  const enter = useEnter();
  const [password, setPassword] = useState("");
  const choose = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/password", { body: { token, password } })),
    onSuccess: (found) => enter(found),
  });
  const problem = choose.error ? asProblem(choose.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        choose.mutate();
      }}
    >
      <Stack>
        <PasswordInput
          label="New password"
          description="10 characters or more. Every other browser is signed out."
          required
          minLength={10}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={problem?.at("password")}
        />
        {problem && problem.fields.length === 0 && <Trouble error={problem} />}
        <Button type="submit" loading={choose.isPending}>
          Choose it
        </Button>
      </Stack>
    </form>
  );
}
