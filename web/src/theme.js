// Runs before anything is drawn, so that no page flashes in the other theme.
const wanted = localStorage.getItem("mien-theme");
const isDark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
