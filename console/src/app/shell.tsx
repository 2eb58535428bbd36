import {
  ActionIcon,
  Anchor,
  AppShell,
  Avatar,
  Box,
  Burger,
  Group,
  Kbd,
  Menu,
  NavLink,
  ScrollArea,
  Select,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconBook, IconChevronDown, IconLogout, IconMoon, IconSearch, IconSun, IconUser } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { api } from "@/api/client";
import { me } from "@/api/queries";
import { Away } from "./away";
import { PLACES } from "./places";
import { useProject } from "./project";
import { Shortcuts, useGoKeys } from "./shortcuts";

const finder = () => import("./finder");
const Finder = lazy(finder);

/** What surrounds every page of a project. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const project = useProject();
  const { pathname } = useLocation();
  useGoKeys(project);
  const [finding, setFinding] = useState(0);
  // Loaded when the page has nothing more urgent to do, so that it is there when it is asked for.
  useEffect(() => {
    const timer = setTimeout(() => void finder().catch(() => undefined), 1_500);
    return () => clearTimeout(timer);
  }, []);
  const find = () => setFinding((times) => times + 1);
  useHotkeys([["mod+K", find]], []);
  const base = `/p/${project}`;
  const here = pathname.slice(base.length + 1).split("/")[0] ?? "";
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Anchor component={Link} to={base} underline="never" c="inherit" aria-label="Tailorbird, home">
              <Group gap={8} wrap="nowrap">
                <img src="/favicon.svg" width={26} height={26} alt="" />
                <Text fw={700} visibleFrom="xs">
                  Tailorbird
                </Text>
              </Group>
            </Anchor>
            <ProjectChoice project={project} />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <UnstyledButton onClick={find}>
              <Group gap={8} px="sm" py={5} bd="1px solid var(--mantine-color-default-border)" bdrs="md" wrap="nowrap">
                <IconSearch size={16} aria-hidden />
                <Text size="sm" c="dimmed" className="on-wide">
                  Find
                </Text>
                <span className="sr-only">a page or a campaign</span>
                <Box visibleFrom="md" aria-hidden>
                  <Kbd size="xs">Ctrl K</Kbd>
                </Box>
              </Group>
            </UnstyledButton>
            <SchemeToggle />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <ScrollArea type="scroll">
          <nav aria-label="Pages of the project">
            {PLACES.map((place) => (
              <NavLink
                key={place.path}
                component={Link}
                to={place.path ? `${base}/${place.path}` : base}
                activeOptions={{ exact: true }}
                label={place.label}
                leftSection={place.icon}
                active={here === place.path}
                aria-current={here === place.path ? "page" : undefined}
                onClick={close}
                style={{ borderRadius: "var(--mantine-radius-md)" }}
              />
            ))}
          </nav>
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: "none" }}>
        <Away />
        <Outlet />
      </AppShell.Main>
      <Suspense>{finding > 0 && <Finder project={project} asked={finding} />}</Suspense>
      <Shortcuts />
    </AppShell>
  );
}

function ProjectChoice({ project }: { project: string }) {
  const { data } = useQuery(me);
  const navigate = useNavigate();
  const projects = data?.projects ?? [];
  if (projects.length < 2)
    return (
      <Text size="sm" c="dimmed">
        {projects[0]?.name ?? project}
      </Text>
    );
  return (
    <Select
      aria-label="Project"
      size="xs"
      w={170}
      searchable={projects.length > 8}
      allowDeselect={false}
      value={project}
      data={projects.map((one) => ({ value: one.key, label: one.name }))}
      onChange={(key) => key && navigate({ to: `/p/${key}` })}
    />
  );
}

function SchemeToggle() {
  const { colorScheme, toggleColorScheme } = useMantineColorScheme();
  return (
    <Tooltip label="Light or dark">
      <ActionIcon variant="subtle" color="gray" size="lg" onClick={toggleColorScheme} aria-label="Light or dark">
        {colorScheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Account() {
  const { data } = useQuery(me);
  const client = useQueryClient();
  const navigate = useNavigate();
  async function leave() {
    await api.DELETE("/v1/session");
    client.clear();
    navigate({ to: "/sign-in" });
  }
  const name = data?.account.name ?? "";
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton>
          <Group gap={4} wrap="nowrap">
            <span className="sr-only">Account of {name}</span>
            <Avatar size={30} color="leaf" name={name} aria-hidden />
            <IconChevronDown size={14} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{data?.account.email}</Menu.Label>
        <Menu.Item leftSection={<IconUser size={16} />} component={Link} to="/account">
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<IconBook size={16} />} component="a" href="/docs" target="_blank">
          API documentation
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
