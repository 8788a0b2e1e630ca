#pragma once
#include <curl/curl.h>

/* curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call. */

static inline CURLcode
switchyard_curl_set_long (CURL *handle, CURLoption option, long value)
{
  return curl_easy_setopt (handle, option, value);
}

static inline CURLcode
switchyard_curl_set_size (CURL *handle, CURLoption option, curl_off_t value)
{
  return curl_easy_setopt (handle, option, value);
}

static inline CURLcode
switchyard_curl_set_text (CURL *handle, CURLoption option, const char *value)
{
  return curl_easy_setopt (handle, option, value);
}

static inline CURLcode
switchyard_curl_set_pointer (CURL *handle, CURLoption option, const void *value)
{
  return curl_easy_setopt (handle, option, value);
}

static inline CURLcode
switchyard_curl_set_list (CURL *handle, CURLoption option, struct curl_slist *value)
{
  return curl_easy_setopt (handle, option, value);
}

typedef size_t (*switchyard_curl_data) (char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*switchyard_curl_open) (void *context, curlsocktype purpose, struct curl_sockaddr *address);

static inline CURLcode
switchyard_curl_set_data_callback (CURL *handle, CURLoption option, switchyard_curl_data callback)
{
  return curl_easy_setopt (handle, option, callback);
}

static inline CURLcode
switchyard_curl_set_open_callback (CURL *handle, switchyard_curl_open callback)
{
  return curl_easy_setopt (handle, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode
switchyard_curl_get_long (CURL *handle, CURLINFO info, long *value)
{
  return curl_easy_getinfo (handle, info, value);
}

static inline CURLcode
switchyard_curl_get_text (CURL *handle, CURLINFO info, const char **value)
{
  return curl_easy_getinfo (handle, info, (char **) value);
}

static inline CURLcode
switchyard_curl_get_context (CURL *handle, void **value)
{
  return curl_easy_getinfo (handle, CURLINFO_PRIVATE, (char **) value);
}

static inline CURLMcode
switchyard_curl_multi_set_long (CURLM *multi, CURLMoption option, long value)
{
  return curl_multi_setopt (multi, option, value);
}

/* The result is a member of a union, which Swift sees only by copying it. */
static inline CURLcode
switchyard_curl_result (const CURLMsg *message)
{
  return message->data.result;
}

static inline struct sockaddr *
switchyard_curl_address (struct curl_sockaddr *address)
{
  return &address->addr;
}
