// A refusal of a part of a page is said above it (web/errors.py), until what was refused is taken.
let refused = "";

document.addEventListener("htmx:after:request", (event) => {
  const { request, response } = event.detail.ctx;
  const { pathname } = new URL(request.action, document.baseURI);
  if (response.status >= 400) refused = pathname;
  else if (refused === pathname) {
    document.getElementById("refusal")?.replaceChildren();
    refused = "";
  }
});
