--- Runs a function and then closes a guard, however the function ends: it returns, raises, or its coroutine is closed. Nothing is allocated after the
--- function has returned, because its work may be final and must not be reported as a failure.
local errors = require "rille.errors"

if _VERSION < "Lua 5.4" then
  local function conclude(guard, ok, ...)
    getmetatable(guard).__close(guard)
    if ok then return ... end
    return error((...), 0)
  end

  --- Calls fn(...), and then __close of the guard. Returns what fn returns, or raises the same error.
  return function(guard, fn, ...) return conclude(guard, pcall(fn, ...)) end
end

-- A string, because older versions of Lua cannot compile it.
return load([[
  return function(guard, fn, ...)
    local closed <close> = guard
    return fn(...)
  end
]], errors.home .. "guarded.lua")()
