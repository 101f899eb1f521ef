--- Running a function so that something is closed with it, whichever way it is left: by its end, by an error, or because its coroutine is closed.
--- Nothing is allocated after the function has returned: what it has done may be final, and must not be told as a failure.
local errors = require "rille.errors"

if _VERSION < "Lua 5.4" then
  local function conclude(guard, ok, ...)
    getmetatable(guard).__close(guard)
    if ok then return ... end
    return error((...), 0)
  end

  --- Calls fn(...) and then close(guard), of the guard's metatable field __close; returns or raises what fn does, untouched.
  return function(guard, fn, ...) return conclude(guard, pcall(fn, ...)) end
end

-- In a text, because other Luas cannot read it.
return load([[
  return function(guard, fn, ...)
    local closed <close> = guard
    return fn(...)
  end
]], errors.home .. "guarded.lua")()
