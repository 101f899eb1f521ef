--- Making cached answers stale: db:revalidate_tag(...), db:revalidate_path(...).
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"

local methods = client.methods

local function check_strings(method, what, expected, ...)
  local list = { ... }
  if select("#", ...) == 0 then options.refuse(method, expected, nil) end
  for i = 1, select("#", ...) do
    if type(list[i]) ~= "string" or list[i] == "" then
      options.refuse(("%s: %s %d"):format(method, what, i), "a string", list[i], list[i] == "" and '""' or nil)
    end
  end
  return list
end

--- Makes cached answers stale that have one of these tags; on a transaction object, at its commit. On PostgreSQL, other processes are told in one round
--- trip. Errors: VALIDATION if the client has no cache.
---@param ... string tags
function methods:revalidate_tag(...)
  local scope = client.scope(self, "revalidate_tag")
  self[client.SHARED].steps.revalidate(scope, check_strings("revalidate_tag", "tag", "one or more tags", ...), {})
end

--- Makes cached pages stale that have one of these paths: "/posts"; "/posts/*" is all paths below it. On a transaction object, at its commit.
---@param ... string paths
function methods:revalidate_path(...)
  local scope = client.scope(self, "revalidate_path")
  local paths = check_strings("revalidate_path", "path", 'a path such as "/posts", or "/posts/*"', ...)
  for i, path in ipairs(paths) do
    local star = path:find("*", 1, true)
    if path:sub(1, 1) ~= "/" or (star and (star < #path or path:sub(-2) ~= "/*")) then
      errors.raise("VALIDATION", 'revalidate_path: path %d: expected a path such as "/posts", or "/posts/*" for all below it, got %q', i, path)
    end
  end
  self[client.SHARED].steps.revalidate(scope, {}, paths)
end

return methods
