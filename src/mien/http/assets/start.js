"use strict";

// Draws the API reference from the description beside this page.
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/docs/openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    displayRequestDuration: true,
    // Draws no badge of an outside validator.
    validatorUrl: "none",
    presets: [SwaggerUIBundle.presets.apis],
  });
});
