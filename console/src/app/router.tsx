import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { whenSignedOut } from "@/api/client";
import { asProblem } from "@/api/problem";
import { me, queries } from "@/api/queries";
import { Crashed, Lost } from "./lost";

/** The frame of a project's pages, asked for at once where the address is one of them. */
const shell = () => import("./shell");
if (window.location.pathname.startsWith("/p/")) void shell();

const root = createRootRoute({ component: Outlet, notFoundComponent: Lost, errorComponent: Crashed });

async function signedIn({ location }: { location: { href: string } }) {
  try {
    return await queries.ensureQueryData(me);
  } catch (error) {
    if (asProblem(error).status === 401) throw redirect({ to: "/sign-in", search: { to: location.href } });
    throw error;
  }
}

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  async beforeLoad(context) {
    const found = await signedIn(context);
    const first = found.projects[0];
    if (first) throw redirect({ to: `/p/${first.key}` });
    if (!found.account.owner) throw redirect({ to: "/account" });
  },
  component: lazyRouteComponent(() => import("@/pages/entry/FirstProject"), "FirstProject"),
});

const page = (path: string, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load as never, name as never) });

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  beforeLoad: signedIn,
  component: lazyRouteComponent(() => import("@/pages/entry/Account"), "Account"),
});

const project = createRoute({
  getParentRoute: () => root,
  path: "/p/$project",
  beforeLoad: signedIn,
  component: lazyRouteComponent(shell, "Shell"),
  notFoundComponent: Lost,
});

const of = (path: string, load: () => Promise<Record<string, unknown>>, name: string) => {
  // The page of the address is asked for at once, not only when it is known who is signed in.
  if (isHere(path)) void load();
  return createRoute({
    getParentRoute: () => project,
    path,
    component: lazyRouteComponent(load as never, name as never),
  });
};

/** Whether the address is that of a page of a project, whatever stands in place of `$` names. */
function isHere(path: string): boolean {
  const here = window.location.pathname.split("/").slice(3).filter(Boolean);
  const parts = path.split("/").filter(Boolean);
  return (
    window.location.pathname.startsWith("/p/") &&
    here.length === parts.length &&
    parts.every((part, index) => part.startsWith("$") || part === here[index])
  );
}

const tree = root.addChildren([
  home,
  page("/sign-in", () => import("@/pages/entry/SignIn"), "SignIn"),
  page("/setup", () => import("@/pages/entry/Setup"), "Setup"),
  page("/invite", () => import("@/pages/entry/Invite"), "Invite"),
  account,
  project.addChildren([
    of("/", () => import("@/pages/home/Home"), "Home"),
    of("campaigns", () => import("@/pages/campaigns/Campaigns"), "Campaigns"),
    of("campaigns/new", () => import("@/pages/campaigns/NewCampaign"), "NewCampaign"),
    of("campaigns/$ref/{-$tab}", () => import("@/pages/campaign/Campaign"), "Campaign"),
    of("results", () => import("@/pages/results/Summary"), "Summary"),
    of("audiences", () => import("@/pages/audiences/Audiences"), "Audiences"),
    of("audiences/$ref", () => import("@/pages/audiences/Audience"), "Audience"),
    of("templates", () => import("@/pages/templates/Templates"), "Templates"),
    of("templates/$ref", () => import("@/pages/templates/Template"), "Template"),
    of("goals", () => import("@/pages/goals/Goals"), "Goals"),
    of("goals/$ref", () => import("@/pages/goals/Goal"), "Goal"),
    of("catalogue", () => import("@/pages/catalogue/Catalogue"), "Catalogue"),
    of("people", () => import("@/pages/people/People"), "People"),
    of("people/$visitor", () => import("@/pages/people/Person"), "Person"),
    of("events", () => import("@/pages/events/Events"), "Events"),
    of("keys", () => import("@/pages/keys/Keys"), "Keys"),
    of("connect", () => import("@/pages/connect/Connect"), "Connect"),
    of("history", () => import("@/pages/history/History"), "History"),
    of("settings", () => import("@/pages/settings/Settings"), "Settings"),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
});

whenSignedOut(() => {
  const here = router.state.location;
  // Nobody has to be signed in there, and who asks whether somebody is waits for the answer.
  if (["/sign-in", "/setup", "/invite"].includes(here.pathname)) return;
  queries.clear();
  void router.navigate({ to: "/sign-in", search: { to: here.href } as never });
});
