--- rille.handler: makes functions safe for web servers that lose error tables or crash on them.
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"

local unpack = table.unpack or unpack -- luacheck: ignore

local function hide_url(url)
  if core.url_provider(url) then return core.url_shown(url) end
  return (url:gsub("^(.-//).*@", "%1***@"))
end

-- Hides the passwords of URLs that other parts of the application have put into their messages. The text may be long and a visitor's: the time is in
-- proportion to it, so schemes are searched from their `://`.
local function hide(text)
  local pieces, at = {}, 1
  local colon = text:find("://", at, true)
  while colon do
    local from, past = colon, text:match("^[^%s\"'`]*()", colon + 3)
    while from > at and text:find("^[%w+.-]", from - 1) do from = from - 1 end
    from = text:match("^[^%a:]*()", from)
    pieces[#pieces + 1] = text:sub(at, from - 1)
    pieces[#pieces + 1] = from < colon and hide_url(text:sub(from, past - 1)) or text:sub(from, past - 1)
    at, colon = past, text:find("://", past, true)
  end
  pieces[#pieces + 1] = text:sub(at)
  return table.concat(pieces)
end

-- Errors as text: their message and where they came from.
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
  return ok and text or "an error that has no text"
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

-- Lua 5.1 cannot yield across its pcall, so event loops bring their own. LuaJIT can.
local function xpcall_here()
  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then return xpcall end
  if not coroutine.running() then return xpcall end
  local found, own = pcall(require, "coxpcall")
  if found and type(own) == "table" and own.xpcall then return own.xpcall end
  if rawget(_G, "coxpcall") then return rawget(_G, "coxpcall") end
  warn_once()
  return xpcall
end

--- Makes a function safe for a host like nginx, HAProxy, lighttpd, uwsgi or Apache. Any error that fn raises becomes a string with its message,
--- its place and a traceback, without passwords, and is raised again. Returns the results of fn.
---@param fn fun(...): ...
---@return fun(...): ...
return function(fn)
  if not options.is_callable(fn) then
    errors.raise("VALIDATION", "rille.handler: expected a function, got a %s", type(fn))
  end
  return function(...)
    local arguments, n = { ... }, select("#", ...)
    return finish(xpcall_here()(function() return fn(unpack(arguments, 1, n)) end, safely))
  end
end
