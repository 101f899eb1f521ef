--- rille.handler: what a web server calls, made safe for servers that lose error tables or die of them.
local core = require "rille.core"
local errors = require "rille.errors"

local unpack = table.unpack or unpack -- luacheck: ignore

-- A URL that some other part of the program has put into its message.
local function hide(text)
  return (text:gsub("%a[%w+.-]*://[^%s\"'`]+", function(url)
    return core.url_provider(url) and core.url_shown(url) or url:find("@", 1, true) and url:gsub("//.*@", "//***@") or nil
  end))
end

-- Errors as they are when nobody catches them: their text and where they came from.
local function describe(e)
  local text
  if type(e) == "string" then
    text = e
  elseif errors.is_error(e) or (getmetatable(e) or {}).__tostring then
    text = tostring(e)
  elseif type(e) == "table" and e.message ~= nil then
    text = tostring(e.message)
  else
    text = ("an error that is a %s: %s"):format(type(e), tostring(e))
  end
  text = hide(text)
  if text:find("\nstack traceback:", 1, true) or not debug or not debug.traceback then return text end
  return hide(debug.traceback(text, 2))
end

local function safely(e)
  local ok, text = pcall(describe, e)
  return ok and text or "an error that cannot be told as a text"
end

local function finish(ok, ...)
  if ok then return ... end
  return error((...), 0)
end

local warned = false

local function warn_once()
  if warned then return end
  warned = true
  io.stderr:write "rille.handler: in this Lua a coroutine cannot wait inside it; install coxpcall, or use LuaJIT or Lua 5.2 and later\n"
end

-- Lua 5.1 cannot yield across its pcall: there a loop brings one of its own. LuaJIT can, and tells by its isyieldable or by being LuaJIT.
local function xpcall_here()
  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then return xpcall end
  if not coroutine.running() then return xpcall end
  local found, own = pcall(require, "coxpcall")
  if found and type(own) == "table" and own.xpcall then return own.xpcall end
  if rawget(_G, "coxpcall") then return rawget(_G, "coxpcall") end
  warn_once()
  return xpcall
end

--- Makes a function safe for a host such as nginx, HAProxy, lighttpd, uwsgi or Apache: what fn raises, an error of rille or any other, becomes a string
--- with its text, its place and a traceback, and is raised again. No password is in it. What fn returns is returned.
---@param fn fun(...): ...
---@return fun(...): ...
return function(fn)
  if type(fn) ~= "function" and not (type(fn) == "table" and (getmetatable(fn) or {}).__call) then
    errors.raise("VALIDATION", "rille.handler takes a function, not a %s", type(fn))
  end
  return function(...)
    local arguments, n = { ... }, select("#", ...)
    return finish(xpcall_here()(function() return fn(unpack(arguments, 1, n)) end, safely))
  end
end
